import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Tensor } from '@tensorflow/tfjs';
import { expect } from 'vitest';
import { formulaPositions } from './formula.js';

/** A recorded tensor: statistics of all its values, and a sample of them. */
export interface TensorRecord {
  /** Names the sampled positions. */
  readonly tag: string;
  /** Of the recording library: [N, C, H, W] of PyTorch, [N, H, W, C] of Keras, or [N, K]. */
  readonly shape: readonly number[];
  readonly mean: number;
  readonly std: number;
  readonly value: readonly number[];
  /** Largest distance of the library's own float32 run to its float64 run. */
  readonly noise: number;
}

/** A network of the reference, as test/golden/recordBackbones.mjs writes it. */
export interface BackboneGolden {
  readonly parameters: number;
  /** Factor of the formula weights. */
  readonly gain: number;
  /** See `stateDictDigest`. */
  readonly digest: string;
  /** name|d0,d1|kind, where the weights come under other names than ours. */
  readonly stateDict?: readonly string[];
  /** Of Keras's network at its own image size, with 1000 classes. */
  readonly counts?: {
    readonly size: readonly [number, number, number];
    readonly parameters: number;
    readonly macs: number;
  };
  readonly cases: readonly {
    readonly size: readonly [height: number, width: number];
    readonly logits: TensorRecord;
    readonly maps: readonly (TensorRecord & { readonly tap: string })[];
  }[];
}

/** Networks with more parameters are run where ESPALIER_TEST_ALL is set: wasm is slow, memory is short. */
export const PARAMETER_LIMIT =
  process.env.ESPALIER_TEST_ENGINE === 'wasm'
    ? process.env.ESPALIER_TEST_ALL
      ? 150e6
      : 8e6
    : process.env.ESPALIER_TEST_ALL
      ? Number.POSITIVE_INFINITY
      : 100e6;

/** Whether there is a golden of this name. */
export function hasGolden(name: string): boolean {
  return existsSync(join(dirname(fileURLToPath(import.meta.url)), `../golden/backbones/${name}.json.gz`));
}

/** Share of the spread plus twenty times the rounding noise of a correct float32 run: mistakes in padding, epsilon or activation are at least 30 times larger. */
export const tolerance = (record: TensorRecord): number => 2e-4 * record.std + 20 * record.noise;

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
  const isMap = record.shape.length === 4;
  const axes = layout === 'NHWC' && isMap ? [0, 3, 1, 2] : [0, 1, 2, 3];
  const [n = 1, c = 1, h, w] = axes.map((axis) => record.shape[axis]);
  expect(actual.shape, name).toEqual(h === undefined || w === undefined ? [n, c] : [n, h, w, c]);
  const values = actual.dataSync<'float32'>();
  const limit = tolerance(record);
  const cells = (h ?? 1) * (w ?? 1);
  let largest = 0;
  formulaPositions(record.tag, values.length, record.value.length).forEach((position, i) => {
    const found = values[layout === 'NHWC' ? position : inMemory(position, cells, c)] as number;
    const difference = Math.abs(found - (record.value[i] as number));
    expect(difference, `${name} [${position}]`).toBeLessThanOrEqual(limit);
    largest = Math.max(largest, difference);
  });
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  expect(Math.abs(mean - record.mean), `mean of ${name}`).toBeLessThanOrEqual(limit);
  expect(Math.abs(Math.sqrt(variance) - record.std), `spread of ${name}`).toBeLessThanOrEqual(limit);
  return largest / record.std;
}

/** Note of a test that passed, for `--reporter verbose`. */
export const differenceNote = (shares: readonly number[]): string =>
  `largest difference: ${Math.max(...shares).toExponential(1)} of the spread`;

/** Position in NHWC of a position in NCHW. */
function inMemory(position: number, cells: number, channels: number): number {
  const channel = Math.floor(position / cells) % channels;
  const image = Math.floor(position / (cells * channels));
  return (image * cells + (position % cells)) * channels + channel;
}
