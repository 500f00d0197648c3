import { createRandom } from '../../engine/random.js';
import type { Estimate } from './analysis.js';

const CONFIDENCE = 0.95;

/** How often each of `count` things is in a resample of as many, for each of `samples` draws with replacement. */
export function draws(count: number, seed: number, samples: number): readonly (readonly number[])[] {
  return Array.from({ length: samples }, (_, sample) => {
    const random = createRandom([seed, sample]);
    const weights = new Array<number>(count).fill(0);
    for (let i = 0; i < count; i++) weights[random.integer(count)]!++;
    return weights;
  });
}

/** The estimate between the percentiles of its resampled values. */
export function between(estimate: number, values: readonly number[]): Estimate {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))] ?? estimate;
  return { estimate, low: at((1 - CONFIDENCE) / 2), high: at((1 + CONFIDENCE) / 2) };
}

/** A difference on the same things, and how likely one as large is where there is none. */
export interface PairedTest {
  readonly difference: Estimate;
  readonly pValue: number;
}

/**
 * Draws things in pairs with replacement (paired bootstrap, two-sided).
 *
 * @param difference of the things as often as the weights say; null: there is none
 * @source Efron, Tibshirani 1993, An Introduction to the Bootstrap, chapters 13 and 16
 */
export function pairedTest(
  count: number,
  difference: (weights: readonly number[]) => number | null,
  { seed, samples }: { readonly seed: number; readonly samples: number },
): PairedTest | null {
  const estimate = difference(new Array<number>(count).fill(1));
  if (estimate === null) return null;
  const values = draws(count, seed, samples).flatMap((weights) => difference(weights) ?? []);
  const share = (isOn: (value: number) => boolean): number => values.filter(isOn).length / values.length;
  const tail = Math.min(
    share((value) => value <= 0),
    share((value) => value >= 0),
  );
  return { difference: between(estimate, values), pValue: Math.min(1, 2 * tail) };
}

/** Bootstrap samples of the interval of a mean. */
const SAMPLES = 1000;

/** Mean of the first values less that of the second, in pairs; null: they are not as many, or none. */
export function compareMeans(first: readonly number[], second: readonly number[], seed = 0): PairedTest | null {
  if (first.length !== second.length || first.length === 0) return null;
  const apart = first.map((value, i) => value - second[i]!);
  const difference = (weights: readonly number[]): number =>
    weights.reduce((sum, weight, i) => sum + weight * apart[i]!, 0) / apart.length;
  return pairedTest(apart.length, difference, { seed, samples: SAMPLES });
}

/**
 * Mean of values with its 95 % interval by resampling them with replacement (percentile bootstrap).
 *
 * @returns null: there is no value
 * @source Efron, Tibshirani 1993, An Introduction to the Bootstrap, chapter 13
 */
export function meanWithInterval(values: readonly number[], seed = 0): Estimate | null {
  if (values.length === 0) return null;
  const mean = (sum: number): number => sum / values.length;
  const estimate = mean(values.reduce((sum, value) => sum + value, 0));
  const resampled = Array.from({ length: SAMPLES }, (_, sample) => {
    const random = createRandom([seed, sample]);
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += values[random.integer(values.length)]!;
    return mean(sum);
  });
  return between(estimate, resampled);
}
