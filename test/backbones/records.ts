import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Tensor } from '@tensorflow/tfjs';
import { expect } from 'vitest';
import { compareRecord, recordedShape, type TensorRecord, tolerance } from './compareRecord.js';

export type { BackboneGolden, TensorRecord } from './compareRecord.js';

/** Networks with more parameters are run where ESPALIER_TEST_ALL is set: wasm is slow, memory is short. */
export const PARAMETER_LIMIT =
  process.env.ESPALIER_TEST_ENGINE === 'wasm'
    ? process.env.ESPALIER_TEST_ALL
      ? 150e6
      : 8e6
    : process.env.ESPALIER_TEST_ALL
      ? Number.POSITIVE_INFINITY
      : 30e6;

/** Whether there is a golden of this name. */
export function hasGolden(name: string): boolean {
  return existsSync(join(dirname(fileURLToPath(import.meta.url)), `../golden/backbones/${name}.json.gz`));
}

/**
 * Compares a map [N, H, W, C] (or rows [N, K]) with a record.
 *
 * @param layout of the record's shape and positions
 * @returns the largest difference, as a share of the record's spread
 */
export function expectRecord(
  actual: Tensor,
  record: TensorRecord,
  name: string,
  layout: 'NCHW' | 'NHWC' = 'NCHW',
): number {
  expect(actual.shape, name).toEqual(recordedShape(record, layout));
  const limit = tolerance(record);
  let largest = 0;
  for (const { what, found, expected } of compareRecord(actual.dataSync<'float32'>() as Float32Array, record, layout)) {
    const difference = Math.abs(found - expected);
    expect(difference, `${name}: ${what}`).toBeLessThanOrEqual(limit);
    largest = Math.max(largest, difference);
  }
  return largest / record.std;
}

/** Note of a test that passed, for `--reporter verbose`. */
export const differenceNote = (shares: readonly number[]): string =>
  `largest difference: ${Math.max(...shares).toExponential(1)} of the spread`;
