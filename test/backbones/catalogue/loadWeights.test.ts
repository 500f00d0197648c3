import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadWeights } from '../../../backbones/catalogue/loadWeights.js';
import { type BackboneArch, createBackbone, createClassifier, foldStem } from '../../../backbones/index.js';
import { writeSafetensors } from '../../../backbones/weights/safetensors.js';
import { exportStateDict } from '../../../backbones/weights/stateDict.js';
import { WeightsError } from '../../../engine/errors.js';
import { createRandom } from '../../../engine/random.js';

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
    const { loaded, missing } = await loadWeights(backbone, path(ARCH), { arch: ARCH });
    expect([loaded.length, missing]).toEqual([backbone.parameters.size, []]);
    expect([...(await exportStateDict(backbone))]).toEqual([...stored].filter(([name]) => loaded.includes(name)));
    backbone.dispose();
  });

  it.each([1, 2, 4, 6])('folds the first convolution for %i channels', async (channels) => {
    const backbone = backboneOf(channels);
    await loadWeights(backbone, path(ARCH), { arch: ARCH });
    const own = await exportStateDict(backbone);
    expect(own.get('conv_stem.weight')).toEqual(foldStem(stored, 'conv_stem', channels).get('conv_stem.weight'));
    backbone.dispose();
  });

  it.each([1, 6])('sees in %i channels what RGB weights see in the same picture', async (channels) => {
    const [rgb, other] = [backboneOf(3), backboneOf(channels)];
    for (const backbone of [rgb, other]) await loadWeights(backbone, path(ARCH), { arch: ARCH });
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
    const loading = loadWeights(backbone, path('tf_efficientnet_lite1'), { arch: ARCH });
    await expect(loading).rejects.toThrow(WeightsError);
    await expect(loading).rejects.toThrow(/the network has no 'blocks\.1\.2\.bn1/);
    backbone.dispose();
  });
});
