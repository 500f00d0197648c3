import type { Tensor } from '@tensorflow/tfjs';
import { expect } from 'vitest';

/** A recorded tensor: statistics of all its values, and a sample of them. */
export interface TensorRecord {
  /** Of the recording library: [N, C, H, W] or [N, K]. */
  readonly shape: readonly number[];
  readonly mean: number;
  readonly std: number;
  /** Flat row-major positions in `shape`. */
  readonly index: readonly number[];
  readonly value: readonly number[];
  /** Largest distance of the library's own float32 run to its float64 run. */
  readonly f32_maxabs: number;
}

/** Share of the spread plus twenty times the rounding noise of a correct float32 run: mistakes in padding, epsilon or activation are at least 30 times larger. */
export const tolerance = (record: TensorRecord): number => 2e-4 * record.std + 20 * record.f32_maxabs;

/** Compares a map [N, H, W, C] (or rows [N, K]) with a record made in NCHW. */
export function expectRecord(actual: Tensor, record: TensorRecord, name: string): void {
  const [n = 1, c = 1, h, w] = record.shape;
  expect(actual.shape, name).toEqual(h === undefined || w === undefined ? [n, c] : [n, h, w, c]);
  const values = actual.dataSync<'float32'>();
  const limit = tolerance(record);
  const [height, width] = [h ?? 1, w ?? 1];
  record.index.forEach((position, i) => {
    const pixel = position % (height * width);
    const channel = Math.floor(position / (height * width)) % c;
    const image = Math.floor(position / (height * width * c));
    const found = values[(image * height * width + pixel) * c + channel] as number;
    expect(Math.abs(found - (record.value[i] as number)), `${name} [${position}]`).toBeLessThanOrEqual(limit);
  });
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  expect(Math.abs(mean - record.mean), `mean of ${name}`).toBeLessThanOrEqual(limit);
  expect(Math.abs(Math.sqrt(variance) - record.std), `spread of ${name}`).toBeLessThanOrEqual(limit);
}
