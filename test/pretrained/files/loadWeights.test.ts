import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type BackboneArch,
  createBackbone,
  createClassifier,
  foldStem,
  scaleEfficientNet,
} from '../../../backbones/index.js';
import { WeightsError } from '../../../engine/errors.js';
import { createRandom } from '../../../engine/random.js';
import { createDetector } from '../../../heads/index.js';
import { loadWeights } from '../../../pretrained/files/loadWeights.js';
import { saveWeights } from '../../../pretrained/files/saveWeights.js';
import { describeLoaded, loadFile } from '../../../pretrained/load.js';
import { loadWeights as loadBytes } from '../../../pretrained/loadBytes.js';
import { serializeWeights } from '../../../pretrained/save.js';
import { exportStateDict } from '../../../pretrained/stateDict.js';
import type { HostTensors } from '../../../weights/hostTensor.js';
import { writeNpz } from '../../../weights/npz.js';
import { openWeights } from '../../../weights/openWeights.js';
import { writeSafetensors } from '../../../weights/safetensors.js';

const folder = mkdtempSync(join(tmpdir(), 'espalier-load-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ARCH = 'tf_efficientnet_lite0';
const path = (arch: BackboneArch): string => join(folder, `${arch}.safetensors`);

/** A classifier of random weights as a file. */
async function write(arch: BackboneArch) {
  const network = createClassifier({ arch, classes: 3, frozen: 'all', seed: 5 });
  const tensors = await exportStateDict(network);
  writeFileSync(path(arch), writeSafetensors(tensors));
  network.dispose();
  return tensors;
}

/** Of all names, shapes and bits. */
function digestOf(tensors: HostTensors): string {
  return createHash('sha256').update(writeSafetensors(tensors)).digest('hex');
}

const backboneOf = (inChannels: number) =>
  createBackbone({ arch: ARCH, levels: ['P1', 'P2'], frozen: 'all', inChannels, seed: 1 });

let stored: Awaited<ReturnType<typeof write>>;
beforeAll(async () => {
  stored = await write(ARCH);
});

const SMALL = { preset: 'efficientdet-lite0', neck: { channels: 8, repeats: 1 } } as const;

describe('loading a file of weights into a backbone', () => {
  it('fills it and leaves the classifier and deeper stages alone', async () => {
    const backbone = backboneOf(3);
    const { loaded, missing } = await loadWeights(backbone, path(ARCH));
    expect([loaded.length, missing]).toEqual([backbone.parameters.size, []]);
    expect([...(await exportStateDict(backbone))]).toEqual([...stored].filter(([name]) => loaded.includes(name)));
    backbone.dispose();
  });

  it.each([1, 2, 4, 6])('folds the first convolution for %i channels', async (channels) => {
    const backbone = backboneOf(channels);
    await loadWeights(backbone, path(ARCH));
    const own = await exportStateDict(backbone);
    expect(own.get('conv_stem.weight')).toEqual(foldStem(stored, 'conv_stem', channels).get('conv_stem.weight'));
    backbone.dispose();
  });

  it.each([1, 6])('sees in %i channels what RGB weights see in the same picture', async (channels) => {
    const [rgb, other] = [backboneOf(3), backboneOf(channels)];
    for (const backbone of [rgb, other]) await loadWeights(backbone, path(ARCH));
    const random = createRandom([3]);
    const grey = tf.tensor4d(
      Float32Array.from({ length: 32 * 32 }, () => random.normal()),
      [1, 32, 32, 1],
    );
    const map = (backbone: typeof rgb, copies: number) =>
      backbone.forward(tf.tile(grey, [1, 1, 1, copies]), { training: false }).P2.dataSync<'float32'>();
    const [expected, found] = [map(rgb, 3), map(other, channels)];
    const scale = Math.max(...expected.map(Math.abs));
    const worst = Math.max(...expected.map((value, i) => Math.abs(value - (found[i] ?? Number.NaN))));
    expect(worst).toBeLessThan(1e-5 * scale); // the same sums in another order
    rgb.dispose();
    other.dispose();
  });

  it('refuses a deeper network of the same widths', async () => {
    await write('tf_efficientnet_lite1');
    const backbone = backboneOf(3);
    const loading = loadWeights(backbone, path('tf_efficientnet_lite1'));
    await expect(loading).rejects.toThrow(WeightsError);
    await expect(loading).rejects.toThrow(/the network has no 'blocks\.1\.2\.bn1/);
    backbone.dispose();
  });

  it('refuses another architecture that the file names, naming both', async () => {
    const backbone = backboneOf(3);
    const before = await exportStateDict(backbone);
    const named = join(folder, 'named.safetensors');
    writeFileSync(named, writeSafetensors(stored, { architecture: 'efficientnet_lite0' }));
    await expect(loadWeights(backbone, named)).rejects.toThrow(
      /named\.safetensors: these are weights of efficientnet_lite0, the network is tf_efficientnet_lite0/,
    );
    expect(await exportStateDict(backbone)).toEqual(before);
    backbone.dispose();
  });

  it('refuses a file of which nothing or not enough fits, naming what it has and what it lacks', async () => {
    const backbone = backboneOf(3);
    const other = join(folder, 'other.safetensors');
    const one = { dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) } as const;
    writeFileSync(other, writeSafetensors(new Map([['layer1.weight', one]])));
    const message = /lacks 'conv_stem\.weight', .* more; the network has no 'layer1\.weight'/;
    await expect(loadWeights(backbone, other)).rejects.toThrow(message);
    await expect(loadWeights(backbone, other, { partial: ['*'] })).rejects.toThrow(/nothing of these weights fits/);
    const some = new Map(stored);
    some.delete('bn1.bias');
    writeFileSync(other, writeSafetensors(some));
    await expect(loadWeights(backbone, other)).rejects.toThrow(/the file lacks 'bn1\.bias'/);
    const { missing } = await loadWeights(backbone, other, { partial: ['bn1.*'] });
    expect(missing).toEqual(['bn1.bias']);
    backbone.dispose();
  });

  it('fills a classifier, and keeps the last layer of one of other classes', async () => {
    const classifier = (classes: number) => createClassifier({ arch: ARCH, classes, frozen: 'all', seed: 1 });
    const [same, other, pooled] = [classifier(3), classifier(4), classifier(0)];
    expect((await loadWeights(same, path(ARCH))).loaded).toHaveLength(stored.size);
    const loaded = await loadWeights(other, path(ARCH));
    expect(loaded.reshaped[0]).toEqual({ name: 'classifier.weight', file: [3, 1280], module: [4, 1280] });
    expect(describeLoaded(loaded)).toMatch(
      /, \d+ tensors into the network; 2 keep their values, e\.g\. classifier\.weight$/,
    );
    expect((await loadWeights(pooled, path(ARCH))).loaded).toHaveLength(pooled.parameters.size);
    for (const network of [same, other, pooled]) network.dispose();
  });

  it('fills the backbone of a detector, and a neck by its own names', async () => {
    const { model } = createDetector({ ...SMALL, classes: 2, inputSize: [64, 64] });
    const { loaded, into } = await loadWeights(model, path(ARCH));
    expect([loaded.length, into]).toEqual([model.backbone.parameters.size, 'backbone']);
    const neck = {
      parameters: new Map([...model.parameters].filter(([name]) => name.startsWith('fpn.'))),
      dispose: () => {},
    };
    const whole = writeSafetensors(await exportStateDict(model));
    expect((await loadWeights(neck, whole, { partial: ['*'] })).loaded).toHaveLength(neck.parameters.size);
    await expect(loadWeights(neck, path(ARCH))).rejects.toThrow(/the file lacks 'fpn\./);
    await expect(loadWeights(neck, 'imagenet')).rejects.toThrow(
      /go into a backbone, classifier, detector or segmenter/,
    );
    model.dispose();
  });

  it('is given back by saveWeights to the bit, with what images are prepared by, in both formats and as bytes', async () => {
    const [model, other] = [1, 2].map(
      (seed) => createDetector({ ...SMALL, classes: 2, inputSize: [64, 64], seed }).model,
    );
    if (!model || !other) throw new Error('no models');
    model.preprocessing = { channels: 'RGB', mean: [1, 2, 3], std: [4, 5, 6] };
    for (const name of ['saved.safetensors', 'saved.npz']) {
      await saveWeights(model, join(folder, name), { classes: ['cat', 'dog'], metadata: { run: '7' } });
      const { into, missing, source } = await loadWeights(other, join(folder, name));
      expect([into, missing, source]).toEqual(['network', [], join(folder, name)]);
      expect(digestOf(await exportStateDict(other))).toBe(digestOf(await exportStateDict(model)));
      expect(other.preprocessing).toEqual(model.preprocessing);
    }
    const bytes = await serializeWeights(model, { classes: ['cat', 'dog'], metadata: { run: '7' } });
    expect(Buffer.compare(bytes, readFileSync(join(folder, 'saved.safetensors')))).toBe(0);
    expect(openWeights(bytes).metadata).toMatchObject({ run: '7', architecture: ARCH, classes: '["cat","dog"]' });
    expect((await loadWeights(other, bytes)).source).toBe('the file');
    await expect(saveWeights(model, join(folder, 'saved.pth'))).rejects.toThrow(/written as \.safetensors or \.npz/);
    for (const { dispose } of [model, other]) dispose();
  });

  it.each(['model.', 'backbone.', 'net.encoder.', 'module._orig_mod.model.backbone.', 'a.b.c.d.', '0.'])(
    "finds names below '%s', whatever stands beside them",
    async (prefix) => {
      const backbone = backboneOf(3);
      const head = ['head.weight', { dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) }] as const;
      const count = ['n_averaged', { dtype: 'I64', shape: [], data: BigInt64Array.of(3n) }] as const;
      const names = new Map([...[...stored].map(([name, tensor]) => [prefix + name, tensor] as const), head, count]);
      const loaded = await loadWeights(backbone, writeNpz(names));
      const shown = prefix.replace(/module\.|_orig_mod\./g, '');
      expect([loaded.prefix, loaded.missing, loaded.unexpected.includes('n_averaged')]).toEqual([shown, [], false]);
      expect(describeLoaded(loaded)).toMatch(`by names without '${shown}'`);
      backbone.dispose();
    },
  );

  it('finds the wrappers of a part that was compiled or is trained in parallel alone', async () => {
    const { model } = createDetector({ ...SMALL, classes: 2, inputSize: [64, 64] });
    const names = [...(await exportStateDict(model))].map(
      ([name, tensor]) => [`model.${name.replace(/^backbone\./, 'backbone._orig_mod.module.')}`, tensor] as const,
    );
    const { missing, into, prefix } = await loadWeights(model, writeSafetensors(new Map(names)));
    expect([missing, into, prefix]).toEqual([[], 'network', 'model.']);
    model.dispose();
  });

  it('reads bytes alone where there are no files', async () => {
    const backbone = backboneOf(3);
    expect(await loadBytes(backbone, writeSafetensors(stored))).toMatchObject({ source: 'the file', missing: [] });
    await expect(loadBytes(backbone, Uint8Array.of(1, 2, 3))).rejects.toThrow(
      /no format of weights that is known here/,
    );
    backbone.dispose();
  });

  it('asks which of two networks in a file is meant', async () => {
    const backbone = backboneOf(3);
    const two = new Map(
      ['student.', 'teacher.'].flatMap((prefix) => [...stored].map(([name, tensor]) => [prefix + name, tensor])),
    );
    const bytes = writeSafetensors(two);
    await expect(loadWeights(backbone, bytes)).rejects.toThrow(
      /below 'student\.' and below 'teacher\.': say which, --prefix student\./,
    );
    expect((await loadWeights(backbone, bytes, { prefix: 'teacher' })).missing).toEqual([]);
    await expect(loadWeights(backbone, bytes, { prefix: 'model' })).rejects.toThrow(/no name of the file starts with/);
    backbone.dispose();
  });

  it('reads every tensor once', async () => {
    const { model } = createDetector({
      preset: 'efficientdet-lite0',
      classes: 2,
      inputSize: [64, 64],
      backbone: { frozen: 'all' },
    });
    for (const tensors of [stored, await exportStateDict(model)]) {
      const reads = new Map<string, number>();
      const counted = [...tensors].map(([name, tensor]) => {
        const read = () => {
          reads.set(name, (reads.get(name) ?? 0) + 1);
          return tensor;
        };
        return [name, { ...tensor, read }] as const;
      });
      const { loaded } = loadFile(model, { format: 'npz', tensors: new Map(counted), metadata: {} }, 'counted');
      expect(loaded.length).toBeGreaterThan(200);
      expect(Math.max(...reads.values())).toBe(1);
    }
    model.dispose();
  });

  it('fills an architecture that no table names, from a file of it', async () => {
    const arch = scaleEfficientNet({ width: 0.25, depth: 0.25, resolution: 64 });
    const classifier = createClassifier({ arch, classes: 2, frozen: 'all', seed: 9 });
    const file = join(folder, 'own.safetensors');
    const own = await exportStateDict(classifier);
    writeFileSync(file, writeSafetensors(own));
    const backbone = createBackbone({ arch, levels: ['P3'], frozen: 'all', seed: 1 });
    await loadWeights(backbone, file);
    expect((await exportStateDict(backbone)).get('conv_stem.weight')).toEqual(own.get('conv_stem.weight'));
    classifier.dispose();
    backbone.dispose();
  });

  it('takes what the file says of the images into the network', async () => {
    const file = join(folder, 'prepared.safetensors');
    const preprocessing = { channels: 'RGB', mean: [10, 20, 60], std: [1, 2, 6] } as const;
    writeFileSync(file, writeSafetensors(stored, { preprocessing: JSON.stringify(preprocessing) }));
    const [rgb, grey] = [backboneOf(3), backboneOf(1)];
    expect((await loadWeights(rgb, file)).preprocessing).toEqual(preprocessing);
    expect([rgb.preprocessing, rgb.settings.preprocessing]).toEqual([preprocessing, preprocessing]);
    await loadWeights(grey, file);
    expect(grey.preprocessing).toEqual({ channels: 'RGB', mean: [30], std: [3] });
    rgb.dispose();
    grey.dispose();
  });
});
