import { valueAt } from '../checked.js';
import { mulberry32 } from '../edit.js';
import { CocoError } from '../errors.js';
import type { COCOeval } from '../evaluation/cocoeval.js';
import { resampler } from './resample.js';

/** How often and from which seed images are drawn. */
export interface BootstrapOptions {
  /** Resamples. Default 200. */
  readonly samples?: number;
  readonly seed?: number;
  /** Share of the resamples inside the interval. Default 0.95. */
  readonly confidence?: number;
}

/** An estimate with its interval. */
export interface Interval {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
}

/** How often each image is in a resample of as many images. */
function draw(weights: Int32Array, random: () => number): Int32Array {
  weights.fill(0);
  for (let i = 0; i < weights.length; i++) weights[Math.floor(random() * weights.length)]!++;
  return weights;
}

function interval(estimate: number, values: readonly number[], confidence: number): Interval {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number =>
    valueAt(sorted, Math.min(sorted.length - 1, Math.max(0, Math.round(share * (sorted.length - 1)))));
  return { estimate, low: at((1 - confidence) / 2), high: at((1 + confidence) / 2) };
}

/**
 * Confidence interval of AP by resampling images with replacement (percentile bootstrap). Nothing is matched again. AP here is that of
 * the first size range at the largest maxDets.
 * @source Efron, Tibshirani 1993, An Introduction to the Bootstrap, chapter 13
 */
export function bootstrap(
  evaluation: COCOeval,
  { samples = 200, seed = 0, confidence = 0.95 }: BootstrapOptions = {},
): Interval {
  const own = resampler(evaluation);
  const random = mulberry32(seed);
  const weights = new Int32Array(own.images.length);
  const values = Array.from({ length: samples }, () => own.averagePrecision(draw(weights, random)));
  return interval(own.averagePrecision(weights.fill(1)), values, confidence);
}

/** Difference of two evaluations on the same images, AP of a less AP of b, with a paired test. */
export interface Comparison {
  /** AP of the first minus AP of the second. */
  readonly difference: Interval;
  /** Two-sided: twice the smaller share of resamples on either side of no difference. */
  readonly pValue: number;
}

/**
 * Compares two detectors on the same images: both are resampled with the same draws, so that the test is paired.
 * @throws CocoError when they were evaluated on different images
 */
export function compare(
  first: COCOeval,
  second: COCOeval,
  { samples = 200, seed = 0, confidence = 0.95 }: BootstrapOptions = {},
): Comparison {
  const [a, b] = [resampler(first), resampler(second)];
  if (String(a.images) !== String(b.images)) {
    throw new CocoError(
      `the evaluations cover ${a.images.length} and ${b.images.length} images: they must be the same for a paired test`,
      'ValueError',
    );
  }
  const random = mulberry32(seed);
  const weights = new Int32Array(a.images.length);
  const difference = (): number => a.averagePrecision(weights) - b.averagePrecision(weights);
  const values = Array.from({ length: samples }, () => {
    draw(weights, random);
    return difference();
  });
  weights.fill(1);
  const below = values.filter((value) => value <= 0).length / samples;
  const above = values.filter((value) => value >= 0).length / samples;
  return { difference: interval(difference(), values, confidence), pValue: Math.min(1, 2 * Math.min(below, above)) };
}
