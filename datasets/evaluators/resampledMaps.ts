import type { Estimate } from './analysis.js';
import { between, draws, type PairedTest, pairedTest } from './resampling.js';

/** [K][K] counts of pixels of one image: rows are truths, columns answers; where classes may overlap a last row and column are none of them. */
type Counts = readonly (readonly number[])[];

const SAMPLES = 200;

/**
 * Mean IoU with its interval by resampling images with replacement (percentile bootstrap).
 *
 * @param classes of the matrices, the first. Defaults to all
 * @returns       null: there is no image, or no pixel
 * @source Efron, Tibshirani 1993, An Introduction to the Bootstrap, chapter 13
 */
export function intervalOf(images: readonly Counts[], classes = sideOf(images), seed = 0): Estimate | null {
  const estimate = meanIou(images, ones(images.length), classes);
  if (estimate === null) return null;
  const values = draws(images.length, seed, SAMPLES).flatMap((weights) => meanIou(images, weights, classes) ?? []);
  return between(estimate, values);
}

const sideOf = ([first]: readonly Counts[]): number => first?.length ?? 0;

/** Mean IoU of the first less that of the second; images are drawn in pairs. Null: they are not the same images. */
export function compareMaps(
  first: readonly Counts[],
  second: readonly Counts[],
  classes = sideOf(first),
  seed = 0,
): PairedTest | null {
  if (first.length !== second.length) return null;
  const difference = (weights: readonly number[]): number | null => {
    const [a, b] = [meanIou(first, weights, classes), meanIou(second, weights, classes)];
    return a === null || b === null ? null : a - b;
  };
  return pairedTest(first.length, difference, { seed, samples: SAMPLES });
}

const ones = (count: number): readonly number[] => new Array<number>(count).fill(1);

function meanIou(images: readonly Counts[], weights: readonly number[], counted: number): number | null {
  const K = images[0]?.length ?? 0;
  const classes = Array.from({ length: K }, (_, k) => k);
  const sums = classes.map((t) =>
    classes.map((a) => images.reduce((sum, counts, i) => sum + weights[i]! * counts[t]![a]!, 0)),
  );
  const ious = classes.slice(0, counted).flatMap((k) => {
    const union = classes.reduce((sum, other) => sum + sums[k]![other]! + sums[other]![k]!, 0) - sums[k]![k]!;
    return union > 0 ? [sums[k]![k]! / union] : [];
  });
  return ious.length === 0 ? null : ious.reduce((sum, iou) => sum + iou, 0) / ious.length;
}
