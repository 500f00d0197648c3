import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBackbone, createClassifier, foldStem } from '../../backbones/index.js';
import { encodePng } from '../../datasets/decode/encodePng.js';
import { createRandom } from '../../engine/random.js';
import { exportStateDict, loadStateDict } from '../../pretrained/stateDict.js';
import type { HostTensors } from '../../weights/index.js';
import { writeNpy } from '../../weights/npy.js';
import { readSafetensors, writeSafetensors } from '../../weights/safetensors.js';
import { expectRefusal, runProgram } from './program.js';

const ARCH = 'tf_efficientnet_lite0';
const folder = mkdtempSync(join(tmpdir(), 'espalier-features-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let weights: HostTensors;
const random = createRandom([9]);
const array = (count: number) => Float32Array.from({ length: count }, () => random.normal());
const rgb = array(2 * 33 * 48 * 3);
const grey = array(32 * 32);

beforeAll(async () => {
  const network = createClassifier({ arch: ARCH, classes: 4, frozen: 'all', seed: 3 });
  weights = await exportStateDict(network);
  network.dispose();
  writeFileSync(join(folder, 'weights.safetensors'), writeSafetensors(weights));
  writeFileSync(join(folder, 'rgb.npy'), writeNpy({ dtype: 'F32', shape: [2, 33, 48, 3], data: rgb }));
  writeFileSync(join(folder, 'grey.npy'), writeNpy({ dtype: 'F32', shape: [32, 32, 1], data: grey }));
  writeFileSync(join(folder, 'flat.npy'), writeNpy({ dtype: 'F32', shape: [1024], data: grey }));
});

const features = (input: string, ...more: string[]) => {
  const files = ['--weights', 'weights.safetensors', '--input', input, '--out', 'maps.safetensors', '--engine', 'wasm'];
  return runProgram(folder, ['features', ARCH, ...files, ...more]);
};
const written = () => readSafetensors(readFileSync(join(folder, 'maps.safetensors')));

/** The maps that the library gives. */
async function expected(pixels: Float32Array, shape: readonly [number, number, number, number]) {
  const backbone = createBackbone({ arch: ARCH, frozen: 'all', inChannels: shape[3], seed: 8 });
  loadStateDict(backbone, foldStem(weights, 'conv_stem', shape[3]), { partial: true });
  const maps = tf.tidy(() => backbone.forward(tf.tensor4d(pixels, [...shape]), { training: false }));
  const found = Object.entries<tf.Tensor>(maps).map(([level, map]) => [level, map.shape, map.dataSync()] as const);
  tf.dispose(Object.values<tf.Tensor>(maps));
  backbone.dispose();
  return new Map(found.map(([level, size, data]) => [level, { dtype: 'F32', shape: size, data }]));
}

describe('features', () => {
  it('of a normalised array are the maps of the library, batch and odd size included', async () => {
    const { status, stdout } = features('rgb.npy', '--json');
    expect(status).toBe(0);
    const { tensors, metadata } = written();
    expect([...tensors.keys()].sort()).toEqual(['P1', 'P2', 'P3', 'P4', 'P5']);
    expect(new Map([...tensors].sort())).toEqual(await expected(rgb, [2, 33, 48, 3]));
    expect(metadata).toMatchObject({ architecture: ARCH, layout: 'NHWC', weights: 'weights.safetensors' });
    expect(JSON.parse(stdout).maps[4]).toMatchObject({ level: 'P5', shape: [2, 2, 2, 320] });
  });

  it('of one channel come from the folded stem', async () => {
    expect(features('grey.npy', '--levels', 'P2,P3').status).toBe(0);
    const maps = await expected(grey, [1, 32, 32, 1]);
    expect([...written().tensors].sort()).toEqual([...maps].filter(([level]) => level === 'P2' || level === 'P3'));
  });

  it('of an image are those of its normalised pixels', async () => {
    const pixels = Uint8Array.from({ length: 40 * 36 * 3 }, () => random.integer(256));
    writeFileSync(join(folder, 'image.png'), encodePng({ data: pixels, width: 40, height: 36 }));
    expect(features('image.png', '--levels', 'P5').status).toBe(0);
    const normal = Float32Array.from(pixels, (value) => (value - 127) / 128); // as the lite networks expect
    const { data } = (await expected(normal, [1, 36, 40, 3])).get('P5') ?? { data: [] };
    const found = written().tensors.get('P5');
    expect(found?.shape).toEqual([1, 2, 2, 320]);
    for (const [i, value] of [...data].entries()) expect(Number(found?.data[i])).toBeCloseTo(Number(value), 4);
  });

  it('refuses what it cannot use, in one sentence', () => {
    expectRefusal(features('flat.npy'), 2, /flat\.npy is F32 \[1024\]: give float32 \[H, W, C\] or \[N, H, W, C\]/);
    expectRefusal(features('none.npy'), 2, /none\.npy: there is no such file/);
    expect(features('grey.npy', '--levels', 'P7').stderr).toMatch(/there is no level P7; it gives P1, P2, P3, P4, P5/);
    const other = ['features', 'resnet18', '--weights', 'weights.safetensors', '--input', 'rgb.npy'];
    const outcome = runProgram(folder, [...other, '--out', 'other.safetensors', '--engine', 'wasm']);
    expect(outcome.stderr).toMatch(/these weights belong to another network/);
    expect(outcome.status).toBe(1);
  });
});
