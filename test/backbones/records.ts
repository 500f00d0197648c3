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
  /** Of the recording library: [N, C, H, W] or [N, K]. */
  readonly shape: readonly number[];
  readonly mean: number;
  readonly std: number;
  readonly value: readonly number[];
  /** Largest distance of the library's own float32 run to its float64 run. */
  readonly noise: number;
}

/** A network of the reference, as test/golden/recordBackbones.mjs writes it. */
export interface BackboneGolden {
  /** timm: the maps are those of its feature pyramid. torchvision: of some modules. */
  readonly library: 'timm' | 'torchvision';
  readonly parameters: number;
  /** Factor of the formula weights. */
  readonly gain: number;
  /** See `stateDictDigest`. */
  readonly digest: string;
  readonly cases: readonly {
    readonly size: readonly [height: number, width: number];
    readonly logits: TensorRecord;
    readonly maps: readonly (TensorRecord & { readonly tap: string })[];
  }[];
}

/** Whether there is a golden of this name. */
export function hasGolden(name: string): boolean {
  return existsSync(join(dirname(fileURLToPath(import.meta.url)), `../golden/backbones/${name}.json.gz`));
}

/** Share of the spread plus twenty times the rounding noise of a correct float32 run: mistakes in padding, epsilon or activation are at least 30 times larger. */
export const tolerance = (record: TensorRecord): number => 2e-4 * record.std + 20 * record.noise;

/** Compares a map [N, H, W, C] (or rows [N, K]) with a record made in NCHW. */
export function expectRecord(actual: Tensor, record: TensorRecord, name: string): void {
  const [n = 1, c = 1, h, w] = record.shape;
  expect(actual.shape, name).toEqual(h === undefined || w === undefined ? [n, c] : [n, h, w, c]);
  const values = actual.dataSync<'float32'>();
  const limit = tolerance(record);
  const cells = (h ?? 1) * (w ?? 1);
  formulaPositions(record.tag, values.length, record.value.length).forEach((position, i) => {
    const pixel = position % cells;
    const channel = Math.floor(position / cells) % c;
    const image = Math.floor(position / (cells * c));
    const found = values[(image * cells + pixel) * c + channel] as number;
    expect(Math.abs(found - (record.value[i] as number)), `${name} [${position}]`).toBeLessThanOrEqual(limit);
  });
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  expect(Math.abs(mean - record.mean), `mean of ${name}`).toBeLessThanOrEqual(limit);
  expect(Math.abs(Math.sqrt(variance) - record.std), `spread of ${name}`).toBeLessThanOrEqual(limit);
}
