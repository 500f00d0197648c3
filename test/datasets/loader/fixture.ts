import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MaskFileTruth } from '../../../datasets/classMap.js';
import type { Entry } from '../../../datasets/dataset.js';
import { encodeIndexedPng, encodePng } from '../../../datasets/decode/encodePng.js';
import type { Batch, LoaderOptions } from '../../../datasets/loader/index.js';
import { createLoader } from '../../../datasets/loader/index.js';
import type { DetectionTruth } from '../../../datasets/sample.js';
import { type AugmentConfig, plain } from '../../../datasets/transforms/augment.js';
import { createRandom } from '../../../engine/random.js';

/** Noise images of different sizes with one or two boxes; the label of a box is the number of its image. */
export function writeImages(count: number): Entry<DetectionTruth>[] {
  const folder = mkdtempSync(join(tmpdir(), 'loader-'));
  return Array.from({ length: count }, (_, i) => {
    const random = createRandom([77, i]);
    const width = 20 + random.integer(30);
    const height = 20 + random.integer(30);
    const data = Uint8Array.from({ length: width * height * 3 }, () => random.integer(256));
    const file = join(folder, `${i}.png`);
    writeFileSync(file, encodePng({ data, width, height }));
    const boxes = i % 3 === 0 ? [2, 3, 15, 17] : [2, 3, 15, 17, 1, 1, 10, 12];
    const truth: DetectionTruth = {
      kind: 'boxes',
      boxes: Float64Array.from(boxes),
      labels: Int32Array.from({ length: boxes.length / 4 }, () => i),
      ignored: new Uint8Array(boxes.length / 4),
      areas: new Float64Array(boxes.length / 4).fill(100),
    };
    return { id: `${i}.png`, file, width, height, truth };
  });
}

/** Images with class maps in files: all of one class, but for one ignored pixel. */
export function writeMasks(count: number): Entry[] {
  const folder = mkdtempSync(join(tmpdir(), 'loader-masks-'));
  return Array.from({ length: count }, (_, i) => {
    const width = 20 + i;
    const height = 10;
    const data = new Uint8Array(width * height).fill(i % 2);
    data[1] = 255;
    const file = join(folder, `${i}.png`);
    const mask = join(folder, `${i}.mask.png`);
    writeFileSync(file, encodePng({ data: new Uint8Array(width * height * 3), width, height }));
    writeFileSync(mask, encodeIndexedPng({ data, width, height }, palette));
    const values = [0, 1, 255].map((value) => [value, value] as const);
    const truth: MaskFileTruth = {
      kind: 'mask-file',
      unit: 'value',
      resized: false,
      file: mask,
      values,
      otherValues: 'error',
    };
    return { id: `${i}.png`, file, width, height, truth };
  });
}

const palette = Array.from({ length: 256 }, (_, i) => [i, i, i] as const);

export const augment: AugmentConfig = {
  ...plain([24, 32], [10, 20, 30]),
  scale: [0.7, 1.6],
  flipHorizontal: 0.5,
  flipVertical: 0.5,
  rotate90: 0.3,
  color: { brightness: 0.2, contrast: 0.2, saturation: 0.2, hue: 0.05 },
};

export const encoderModule = new URL('./encoder.fixture.mjs', import.meta.url).href;

export const defaults: Omit<LoaderOptions, 'entries'> = {
  encoder: { module: encoderModule, config: { rows: 3 } },
  augment,
  batchSize: 3,
  seed: 5,
  workers: 0,
  shuffle: true,
  dropLast: true,
  keepTruth: false,
  cacheBytes: 0,
};

export const open = (entries: readonly Entry[], options: Partial<LoaderOptions> = {}) =>
  createLoader({ ...defaults, entries, ...options });

/** Everything a batch says, copied out of shared memory. */
export const snapshot = (batch: Batch) => ({
  images: [...batch.images],
  shape: batch.shape,
  targets: Object.entries(batch.targets).map(([name, { data, shape }]) => [name, [...data], shape]),
  ids: batch.ids,
  placements: batch.placements,
});

/** One epoch, every batch released at once. */
export async function epochOf(entries: readonly Entry[], options: Partial<LoaderOptions>, epoch = 0, fromStep = 0) {
  const loader = open(entries, options);
  const seen: ReturnType<typeof snapshot>[] = [];
  try {
    for await (const batch of loader.batches(epoch, fromStep)) {
      seen.push(snapshot(batch));
      batch.release();
    }
  } finally {
    await loader.dispose();
  }
  return seen;
}
