import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { createBackbone, createParameters, type Module } from '../../backbones/index.js';
import { zeros } from '../../backbones/initialisers.js';
import type { HostTensor } from '../../backbones/weights/hostTensor.js';
import { writeNpz } from '../../backbones/weights/npz.js';
import { loadStart } from '../../configs/weights.js';

const folder = mkdtempSync(join(tmpdir(), 'espalier-start-'));
afterAll(() => rmSync(folder, { recursive: true }));

const filled = (shape: readonly number[], value: number): HostTensor => {
  const count = shape.reduce((product, size) => product * size, 1);
  return { dtype: 'F32', shape, data: new Float32Array(count).fill(value) };
};

it('starts a backbone from a file with the names and axes of Keras', async () => {
  const backbone = createBackbone({ arch: 'tf_efficientnet_lite0', levels: ['P1'], frozen: 'none', seed: 1 });
  const entries = [...backbone.parameters].map(([name, parameter]) => [`backbone.${name}`, parameter] as const);
  const model: Module = { parameters: new Map(entries), dispose: () => backbone.dispose() };
  const file = join(folder, 'start.npz');
  const tensors = new Map([
    ['stem_conv/kernel', filled([3, 3, 3, 32], 0.5)],
    ['stem_bn/gamma', filled([32], 2)],
    ['block1a_dwconv/kernel', filled([3, 3, 32, 1], 0.25)],
    ['predictions/bias', filled([1000], 0)],
  ]);
  writeFileSync(file, writeNpz(tensors));
  expect(await loadStart(model, file, { offline: true })).toMatch(/3 tensors into the backbone; \d+ start at random/);
  const firstOf = async (name: string) => (await backbone.parameters.get(name)?.variable.data())?.[0];
  expect(await firstOf('conv_stem.weight')).toBe(0.5);
  expect(await firstOf('bn1.weight')).toBe(2);
  expect(await firstOf('blocks.0.0.conv_dw.weight')).toBe(0.25);
  model.dispose();
});

it("starts a whole detector from a file of effdet's training wrapper, but for a head of other classes", async () => {
  const backbone = createBackbone({ arch: 'tf_efficientnet_lite0', levels: ['P1'], frozen: 'none', seed: 1 });
  const { create, parameters, dispose } = createParameters(1);
  const own = { layout: 'plain', role: 'bias', initialise: zeros, frozen: false } as const;
  create('class_net.predict.conv_pw.bias', { shape: [18], ...own });
  create('fpn.resample.3.conv.bn.bias', { shape: [4], ...own });
  const entries = [...backbone.parameters].map(([name, parameter]) => [`backbone.${name}`, parameter] as const);
  const model: Module = { parameters: new Map([...entries, ...parameters]), dispose };
  const file = join(folder, 'detector.npz');
  const tensors = new Map([
    ['model.backbone.bn1.weight', filled([32], 2)],
    ['model.fpn.resample.3.conv.bn.bias', filled([4], 3)],
    ['model.class_net.predict.conv_pw.bias', filled([810], 4)],
  ]);
  writeFileSync(file, writeNpz(tensors));
  expect(await loadStart(model, file, { offline: true })).toMatch(/2 tensors into the network; \d+ start at random/);
  const firstOf = async (name: string) => (await model.parameters.get(name)?.variable.data())?.[0];
  expect(await firstOf('backbone.bn1.weight')).toBe(2);
  expect(await firstOf('fpn.resample.3.conv.bn.bias')).toBe(3);
  expect(await firstOf('class_net.predict.conv_pw.bias')).toBe(0);
  for (const part of [model, backbone]) part.dispose();
});
