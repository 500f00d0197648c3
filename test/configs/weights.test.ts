import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BackboneArch, createClassifier } from '../../backbones/index.js';
import { loadStart } from '../../configs/weights.js';
import { createDetector } from '../../heads/index.js';
import { loadReleased } from '../../pretrained/files/loadWeights.js';
import { RELEASED_WEIGHTS } from '../../pretrained/index.js';
import { describeLoaded } from '../../pretrained/load.js';
import { exportStateDict } from '../../pretrained/stateDict.js';
import type { HostTensor, HostTensors } from '../../weights/hostTensor.js';
import { writeNpz } from '../../weights/npz.js';
import { writeSafetensors } from '../../weights/safetensors.js';

const folder = mkdtempSync(join(tmpdir(), 'espalier-start-'));
afterAll(() => rmSync(folder, { recursive: true }));

const ARCH = 'tf_efficientnet_lite0';
const OFFLINE = { offline: true };

const detector = (seed: number, classes: number, backbone: BackboneArch = ARCH) => {
  const neck = { channels: 8, repeats: 1 };
  return createDetector({ preset: 'efficientdet-lite0', backbone, neck, classes, inputSize: [64, 64], seed }).model;
};

const write = (name: string, tensors: HostTensors, metadata = {}): string => {
  const file = join(folder, name);
  writeFileSync(file, name.endsWith('.npz') ? writeNpz(tensors) : writeSafetensors(tensors, metadata));
  return file;
};

const filled = (shape: readonly number[], value: number): HostTensor => {
  const count = shape.reduce((product, size) => product * size, 1);
  return { dtype: 'F32', shape, data: new Float32Array(count).fill(value) };
};

let stored: HostTensors;
/** Of the classifier and of the last feature map's successors, which a detector does not have. */
let model: ReturnType<typeof detector>;
beforeAll(async () => {
  const classifier = createClassifier({ arch: ARCH, classes: 3, frozen: 'all', seed: 5 });
  stored = await exportStateDict(classifier);
  classifier.dispose();
  model = detector(1, 2);
});
afterAll(() => model.dispose());

const firstOf = async (name: string) => (await model.parameters.get(name)?.variable.data())?.[0];

describe('starting a detector from a file', () => {
  it('fills its backbone with a classifier, and prepares images as its weights expect it', async () => {
    const preprocessing = { channels: 'RGB', mean: [1, 2, 3], std: [4, 5, 6] };
    const file = write('classifier.safetensors', stored, { preprocessing: JSON.stringify(preprocessing) });
    expect(await loadStart(model, file, OFFLINE)).toBe(
      `weights: ${file}, ${model.backbone.parameters.size} tensors into the backbone`,
    );
    expect(await firstOf('backbone.conv_stem.weight')).toBe(stored.get('conv_stem.weight')?.data[0]);
    expect(model.preprocessing).toEqual(preprocessing);
  });

  it('fills all of it with the averages of another one, but for a head of other classes', async () => {
    const other = detector(7, 3);
    const whole = await exportStateDict(other);
    const average = ['ema/backbone.bn1.weight', filled([32], 9)] as const;
    const file = write('whole.safetensors', new Map([...whole, average]));
    expect(await loadStart(model, file, OFFLINE)).toMatch(
      / tensors into the network; 2 start at random, e\.g\. class_net/,
    );
    expect(await firstOf('backbone.bn1.weight')).toBe(9);
    expect(await firstOf('fpn.resample.3.conv.weight')).toBe(whole.get('fpn.resample.3.conv.weight')?.data[0]);
    other.dispose();
  });

  it.each<[string, (tensors: Map<string, HostTensor>, prefix: string) => void, RegExp]>([
    ['is missing', (all, at) => all.delete(`${at}conv_stem.weight`), /the file lacks '(backbone\.)?conv_stem\.weight'/],
    [
      'is misspelt',
      (all, at) => {
        all.set(`${at}conv_sten.weight`, all.get(`${at}conv_stem.weight`) as HostTensor);
        all.delete(`${at}conv_stem.weight`);
      },
      /the file lacks '(backbone\.)?conv_stem\.weight'; the network has no '(backbone\.)?conv_sten\.weight'/,
    ],
    [
      'has another shape',
      (all, at) => all.set(`${at}conv_stem.weight`, filled([16, 3, 3, 3], 1)),
      /conv_stem\.weight' is \[16,3,3,3\] in the file and \[32,3,3,3\] in the network/,
    ],
    [
      'holds whole numbers',
      (all, at) => {
        const data = new Int32Array(32 * 27).fill(1);
        all.set(`${at}conv_stem.weight`, { dtype: 'I32', shape: [32, 3, 3, 3], data });
      },
      /conv_stem\.weight' holds whole numbers \(I32\)/,
    ],
  ])('refuses a file whose first convolution %s, of a backbone and of a whole network', async (_, spoil, message) => {
    const whole = await exportStateDict(model);
    for (const [prefix, tensors] of [['', stored] as const, ['backbone.', whole] as const]) {
      const spoilt = new Map(tensors);
      spoil(spoilt, prefix);
      const file = write('spoilt.safetensors', spoilt);
      const loading = loadStart(model, file, OFFLINE);
      await expect(loading).rejects.toThrow(message);
      await expect(loading).rejects.toThrow(/spoilt\.safetensors.*model\.partial/);
    }
  });

  it('leaves out what it is told to, and tells it', async () => {
    const [kept, tensors] = [await firstOf('backbone.conv_stem.weight'), new Map(stored)];
    tensors.delete('conv_stem.weight');
    const file = write('partial.safetensors', tensors);
    expect(await loadStart(model, file, { ...OFFLINE, partial: ['conv_stem.*'] })).toMatch(
      /1 start at random, e\.g\. conv_stem\.weight/,
    );
    expect(await firstOf('backbone.conv_stem.weight')).toBe(kept);
    await expect(loadStart(model, file, { ...OFFLINE, partial: ['bn1.*'] })).rejects.toThrow(
      /lacks 'conv_stem\.weight'/,
    );
  });

  it('refuses a deeper backbone of the same widths, and weights that say they are of another one', async () => {
    const deeper = detector(1, 2, 'tf_efficientnet_lite1');
    const file = write('deeper.safetensors', await exportStateDict(deeper));
    deeper.dispose();
    await expect(loadStart(model, file, OFFLINE)).rejects.toThrow(/the network has no 'backbone\.blocks\.1\.2\./);
    const named = write('named.safetensors', stored, { architecture: 'efficientnet_lite0' });
    await expect(loadStart(model, named, OFFLINE)).rejects.toThrow(
      /weights of efficientnet_lite0, the network is tf_efficientnet_lite0/,
    );
    await expect(loadStart(model, 'efficientnet-lite1', OFFLINE)).rejects.toThrow(
      /weights of tf_efficientnet_lite1, the network is tf_efficientnet_lite0/,
    );
  });

  it('takes the names and axes of Keras', async () => {
    const tensors = new Map([
      ['stem_conv/kernel', filled([3, 3, 3, 32], 0.5)],
      ['block1a_dwconv/kernel', filled([3, 3, 32, 1], 0.25)],
      ['normalization/mean', filled([3], 0.5)],
      ['normalization/variance', filled([3], 0.25)],
      ['predictions/bias', filled([1000], 0)],
    ]);
    const file = write('keras.npz', tensors);
    await expect(loadStart(model, file, OFFLINE)).rejects.toThrow(/the file lacks 'bn1\.weight'/);
    expect(await loadStart(model, file, { ...OFFLINE, partial: ['*'] })).toMatch(
      /2 tensors into the backbone; \d+ start/,
    );
    expect(await firstOf('backbone.conv_stem.weight')).toBe(0.5);
    expect(await firstOf('backbone.blocks.0.0.conv_dw.weight')).toBe(0.25);
    expect(model.preprocessing).toEqual({ channels: 'RGB', mean: [127.5, 127.5, 127.5], std: [127.5, 127.5, 127.5] });
  });

  it('takes the names of the training wrapper of effdet', async () => {
    const whole = await exportStateDict(model);
    const file = write('effdet.npz', new Map([...whole].map(([name, tensor]) => [`model.${name}`, tensor])));
    expect(await loadStart(model, file, OFFLINE)).toBe(
      `weights: ${file}, ${model.parameters.size} tensors into the network, by names without 'model.'`,
    );
  });
});

describe('starting a detector from a published checkpoint', () => {
  const entryOf = (name: string, bytes: Uint8Array) => {
    const digits = createHash('sha256').update(bytes).digest('hex').slice(0, 8);
    const entry = RELEASED_WEIGHTS.find((candidate) => candidate.name === name);
    return { ...entry!, digits, url: `https://example.org/start-${digits}.pth` };
  };
  const served = async <T>(bytes: Uint8Array, use: () => Promise<T>): Promise<T> => {
    const server = createServer((_, response) => response.end(bytes));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    process.env.ESPALIER_CACHE = folder;
    process.env.ESPALIER_WEIGHTS_MIRROR = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      return await use();
    } finally {
      delete process.env.ESPALIER_CACHE;
      delete process.env.ESPALIER_WEIGHTS_MIRROR;
      server.closeAllConnections();
      server.close();
    }
  };

  it('fetches it, fills the backbone and prepares images as its publisher says', async () => {
    const bytes = writeSafetensors(stored);
    const entry = entryOf('tf_efficientnet_lite0.in1k', bytes);
    const lines: string[] = [];
    const loaded = await served(bytes, () =>
      loadReleased(model, entry, { offline: false, onProgress: (text) => lines.push(text) }),
    );
    expect(describeLoaded(loaded)).toBe(
      `tf_efficientnet_lite0.in1k (apache-2.0), ${model.backbone.parameters.size} tensors into the backbone`,
    );
    expect(lines.at(-1)).toMatch(/^fetching tf_efficientnet_lite0\.in1k: 100 % of \d+\.\d MB$/);
    expect(model.preprocessing).toEqual(entry.preprocessing);
    expect(await firstOf('backbone.conv_stem.weight')).toBe(stored.get('conv_stem.weight')?.data[0]);
  });

  it('fills backbone and neck with a detector of other classes, and says what starts at random', async () => {
    const other = detector(9, 90);
    const whole = await exportStateDict(other);
    const bytes = writeSafetensors(whole);
    const loaded = await served(bytes, () =>
      loadReleased(model, entryOf('tf_efficientdet_lite0', bytes), { offline: false }),
    );
    expect(describeLoaded(loaded)).toMatch(/tensors into the network; 2 keep their values, e\.g\. class_net/);
    expect(await firstOf('fpn.resample.3.conv.weight')).toBe(whole.get('fpn.resample.3.conv.weight')?.data[0]);
    other.dispose();
  });

  it('refuses one of another network before anything is fetched', async () => {
    const entry = entryOf('resnet18.a1_in1k', new Uint8Array(1));
    await expect(loadReleased(model, entry, { offline: true })).rejects.toThrow(
      'resnet18.a1_in1k: these are weights of resnet18, the network is tf_efficientnet_lite0',
    );
  });

  it('finds the general ones, or says that none fit', async () => {
    await expect(loadStart(model, 'coco', OFFLINE)).rejects.toThrow(
      'the weights tf_efficientdet_lite0 are not in the cache',
    );
    await expect(loadStart(model, 'imagenet', OFFLINE)).rejects.toThrow(
      'the weights tf_efficientnet_lite0.in1k are not in the cache',
    );
    const small = detector(1, 2, 'mobilenetv3_small_100');
    await expect(loadStart(small, 'coco', OFFLINE)).rejects.toThrow(
      'no published coco weights fit mobilenetv3_small_100',
    );
    small.dispose();
  });
});
