import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadWeights } from '../../../backbones/catalogue/loadWeights.js';
import { loadPretrained } from '../../../backbones/catalogue/pretrained.js';
import {
  type BackboneArch,
  createBackbone,
  createClassifier,
  foldStem,
  scaleEfficientNet,
} from '../../../backbones/index.js';
import { writeSafetensors } from '../../../backbones/weights/safetensors.js';
import { exportStateDict } from '../../../backbones/weights/stateDict.js';
import { WeightsError } from '../../../engine/errors.js';
import { createRandom } from '../../../engine/random.js';
import { createDetector } from '../../../heads/index.js';

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

const backboneOf = (inChannels: number) =>
  createBackbone({ arch: ARCH, levels: ['P1', 'P2'], frozen: 'all', inChannels, seed: 1 });

let stored: Awaited<ReturnType<typeof write>>;
beforeAll(async () => {
  stored = await write(ARCH);
});

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

  it('refuses another architecture that is asked for or that the file names, naming both', async () => {
    const backbone = backboneOf(3);
    const before = await exportStateDict(backbone);
    await expect(loadWeights(backbone, path(ARCH), { arch: 'resnet18' })).rejects.toThrow(
      /options\.arch: these are weights of resnet18, the network is tf_efficientnet_lite0/,
    );
    const named = join(folder, 'named.safetensors');
    writeFileSync(named, writeSafetensors(stored, { architecture: 'efficientnet_lite0' }));
    await expect(loadWeights(backbone, named)).rejects.toThrow(
      /named\.safetensors: these are weights of efficientnet_lite0, the network is tf_efficientnet_lite0/,
    );
    expect(await exportStateDict(backbone)).toEqual(before);
    await loadWeights(backbone, path(ARCH), { arch: ARCH });
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

  it('fills a classifier of the same classes, and refuses one of others unless told', async () => {
    const classifier = (classes: number) => createClassifier({ arch: ARCH, classes, frozen: 'all', seed: 1 });
    const [same, other, pooled] = [classifier(3), classifier(4), classifier(0)];
    expect((await loadWeights(same, path(ARCH))).loaded).toHaveLength(stored.size);
    await expect(loadWeights(other, path(ARCH))).rejects.toThrow(/'classifier\.weight' is \[3,1280\] .* \[4,1280\]/);
    expect((await loadWeights(other, path(ARCH), { partial: ['classifier.*'] })).loaded).toHaveLength(stored.size - 2);
    expect((await loadWeights(pooled, path(ARCH))).loaded).toHaveLength(pooled.parameters.size);
    for (const network of [same, other, pooled]) network.dispose();
  });

  it('refuses a network that is no backbone, and fills the backbone inside it', async () => {
    const neck = { channels: 8, repeats: 1 };
    const { model } = createDetector({ preset: 'efficientdet-lite0', neck, classes: 2, inputSize: [64, 64] });
    const wrong = model as unknown as Parameters<typeof loadWeights>[0];
    await expect(loadWeights(wrong, path(ARCH))).rejects.toThrow(/give model\.backbone/);
    await expect(loadPretrained(model, 'efficientnet-lite1', { offline: true })).rejects.toThrow();
    const { loaded } = await loadWeights(model.backbone, path(ARCH));
    expect(loaded).toHaveLength(model.backbone.parameters.size);
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
