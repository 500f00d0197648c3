import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, open, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import sharp from 'sharp';
import { afterEach, describe, expect, it } from 'vitest';
import { createClassifier, createEfficientNet } from '../../../backbones/index.js';
import { sha256Of } from '../../../engine/tensorflow/runtime/pip.js';
import { WEIGHTS_CATALOGUE, WEIGHTS_NAMES, weightsEntry } from '../../../pretrained/catalogue.js';
import { convertCheckpoint } from '../../../pretrained/files/convertCheckpoint.js';
import { wrongDigest } from '../../../pretrained/files/digest.js';
import { loadWeights } from '../../../pretrained/files/loadWeights.js';
import { pullWeights, weightsPath } from '../../../pretrained/files/pull.js';
import { IMAGENET_CLASSES } from '../../../pretrained/imagenetClasses.js';
import { dataMissing, dataPath } from '../../data.js';

const NAME = 'efficientnet-lite0';
const cached = existsSync(weightsPath(NAME));
const OFFLINE = { offline: true };

describe('the catalogue', () => {
  it('has 1000 class names for every entry, in the order of ImageNet', () => {
    expect(IMAGENET_CLASSES).toHaveLength(1000);
    const twice = IMAGENET_CLASSES.filter((name, index) => IMAGENET_CLASSES.indexOf(name) !== index);
    expect(twice).toEqual(['crane']); // 134 the bird, 517 the machine
    expect(IMAGENET_CLASSES[0]).toBe('tench, Tinca tinca');
    expect(IMAGENET_CLASSES[388]).toMatch(/^giant panda/);
    expect(IMAGENET_CLASSES[999]).toMatch(/^toilet tissue/);
    expect(WEIGHTS_NAMES.map((name) => WEIGHTS_CATALOGUE[name].classes.length)).toEqual([1000, 1000, 1000]);
  });

  it('names its entries when asked for another one', () => {
    expect(() => weightsEntry('efficientnet-b0')).toThrow(/efficientnet-lite0, efficientnet-lite1, efficientnet-lite2/);
    expect(() => weightsEntry('constructor')).toThrow(/no weights are called 'constructor'/);
  });

  it('refuses a checkpoint whose digest differs from the recorded one', () => {
    expect(() => convertCheckpoint(NAME, weightsEntry(NAME), new Uint8Array(100))).toThrow(/sha256 .* expected 5793/);
  });
});

describe('pulling without a network', () => {
  const before = process.env.ESPALIER_CACHE;
  afterEach(() => {
    if (before === undefined) delete process.env.ESPALIER_CACHE;
    else process.env.ESPALIER_CACHE = before;
  });

  it('says what to do when the cache lacks the weights, and leaves nothing behind', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'espalier-'));
    process.env.ESPALIER_CACHE = join(folder, 'cache');
    await expect(pullWeights(NAME, OFFLINE)).rejects.toThrow(/espalier weights pull efficientnet-lite0/);
    expect(existsSync(join(folder, 'cache'))).toBe(false);
    await rm(folder, { recursive: true });
  });

  it('trusts a file by its digest, which is computed again only when the file may have changed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'espalier-'));
    const file = join(folder, 'a.safetensors');
    await writeFile(file, 'weights');
    const sha256 = await sha256Of(file);
    expect(await wrongDigest(file, sha256)).toBeNull();
    const seen = await readFile(`${file}.seen`, 'utf8');
    expect(await wrongDigest(file, sha256)).toBeNull();
    expect(await readFile(`${file}.seen`, 'utf8')).toBe(seen);
    await writeFile(file, 'weightz');
    await utimes(file, 1, 1); // as old as one likes
    expect(await wrongDigest(file, sha256)).toBe(await sha256Of(file));
    expect(existsSync(`${file}.seen`)).toBe(false);
    await rm(folder, { recursive: true });
  });

  it.skipIf(!cached)('refuses weights of the cache of which a bit has flipped', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'espalier-'));
    const original = weightsPath(NAME);
    process.env.ESPALIER_CACHE = folder;
    const copy = weightsPath(NAME);
    await mkdir(join(copy, '..'), { recursive: true });
    await copyFile(original, copy);
    expect(await pullWeights(NAME, OFFLINE)).toBe(copy);
    const file = await open(copy, 'r+');
    await file.write(Uint8Array.of(0xff), 0, 1, 1_000_000);
    await file.close();
    await expect(pullWeights(NAME, OFFLINE)).rejects.toThrow(/damaged or were changed.*espalier weights pull/);
    await rm(folder, { recursive: true });
  });
});

describe.skipIf(!cached)(`pretrained ${NAME} (needs: espalier weights pull ${NAME})`, () => {
  it('fills every parameter of a backbone and leaves out only the layers after it', async () => {
    const backbone = createEfficientNet({ arch: 'tf_efficientnet_lite0', frozen: 'none', seed: 1 });
    const report = await loadWeights(backbone, NAME, OFFLINE);
    expect(report.loaded).toHaveLength(backbone.parameters.size);
    expect(new Set(report.unexpected.map((name) => name.split('.')[0]))).toEqual(
      new Set(['conv_head', 'bn2', 'classifier']),
    );
    backbone.dispose();
  });

  it('keeps the last layer of a classifier of other classes', async () => {
    const classifier = createClassifier({ arch: 'tf_efficientnet_lite0', classes: 5, frozen: 'none', seed: 1 });
    const report = await loadWeights(classifier, NAME, OFFLINE);
    expect(report.reshaped.map(({ name }) => name)).toEqual(['classifier.weight', 'classifier.bias']);
    classifier.dispose();
  });

  it('refuses a backbone of another architecture, naming both', async () => {
    const backbone = createEfficientNet({ arch: 'tf_efficientnet_lite3', levels: ['P1'], frozen: 'none', seed: 1 });
    await expect(loadWeights(backbone, NAME, OFFLINE)).rejects.toThrow(
      /weights of tf_efficientnet_lite0, the network is tf_efficientnet_lite3/,
    );
    backbone.dispose();
  });

  it.skipIf(dataMissing !== undefined)('sees a giant panda in the photo of one', async () => {
    const { preprocessing, inputPixels } = weightsEntry(NAME);
    const classifier = createClassifier({ arch: 'tf_efficientnet_lite0', classes: 1000, frozen: 'all', seed: 1 });
    await loadWeights(classifier, NAME, OFFLINE);
    const pixels = await sharp(dataPath('imagenet_photos', 'img.jpg'))
      .resize(inputPixels, inputPixels, { fit: 'cover', kernel: 'cubic' })
      .removeAlpha()
      .raw()
      .toBuffer();
    const [probability, best] = tf.tidy(() => {
      const raw = tf.tensor4d(Float32Array.from(pixels), [1, inputPixels, inputPixels, 3]);
      const images = tf.div<tf.Tensor4D>(tf.sub(raw, [...preprocessing.mean]), [...preprocessing.std]);
      const probabilities = tf.softmax(classifier.forward(images, { training: false })).dataSync<'float32'>();
      const highest = Math.max(...probabilities);
      return [highest, probabilities.indexOf(highest)] as const;
    });
    expect(IMAGENET_CLASSES[best]).toMatch(/^giant panda/);
    expect(probability).toBeGreaterThan(0.5);
    classifier.dispose();
  });
});
