import { mulberry32 } from '../edit.js';
import { CocoError } from '../errors.js';
import { accumulateCells } from '../evaluation/accumulate.js';
import type { COCOeval } from '../evaluation/cocoeval.js';
import type { EvalImage } from '../evaluation/matching.js';
import { meanOrMinusOne } from '../evaluation/numeric.js';
import type { Params } from '../evaluation/params.js';

export interface BootstrapOptions {
  /** Resamples. Default 200. */
  readonly samples?: number;
  readonly seed?: number;
  /** Share of the resamples inside the interval. Default 0.95. */
  readonly confidence?: number;
}

export interface Interval {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
}

/** Cells of the first size range, [K][I], and what accumulating them needs. */
interface Material {
  readonly params: Params;
  readonly cells: readonly (readonly (EvalImage | null)[])[];
  readonly images: number;
}

function material(evaluation: COCOeval): Material {
  const params = evaluation.params.clone();
  const images = params.imgIds.length;
  const A = params.areaRng.length;
  const all = evaluation.evalImgs;
  if (Number(params.useCats) !== 1) params.catIds = [-1];
  const cells = params.catIds.map((_, k) => all.slice(k * A * images, k * A * images + images));
  params.areaRng = params.areaRng.slice(0, 1);
  params.areaRngLbl = params.areaRngLbl.slice(0, 1);
  params.maxDets = params.maxDets.slice(-1);
  return { params, cells, images };
}

/** AP (mean over all thresholds, recalls and categories) of a multiset of images. */
function averagePrecision({ params, cells }: Material, drawn: readonly number[]): number {
  const chosen = params.clone();
  chosen.imgIds = drawn.map((_, i) => i);
  const { precision } = accumulateCells(
    chosen,
    chosen,
    cells.flatMap((ofCategory) => drawn.map((i) => ofCategory[i]!)),
  );
  const counted = precision.filter((value) => value > -1);
  return meanOrMinusOne(counted, counted.length);
}

const draw = (count: number, random: () => number): number[] =>
  Array.from({ length: count }, () => Math.floor(random() * count));

function interval(estimate: number, values: readonly number[], confidence: number): Interval {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.max(0, Math.round(share * (sorted.length - 1))))]!;
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
  const own = material(evaluation);
  const random = mulberry32(seed);
  const values = Array.from({ length: samples }, () => averagePrecision(own, draw(own.images, random)));
  return interval(averagePrecision(own, [...Array(own.images).keys()]), values, confidence);
}

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
  const [a, b] = [material(first), material(second)];
  if (String(a.params.imgIds) !== String(b.params.imgIds)) {
    throw new CocoError(
      `the evaluations cover ${a.images} and ${b.images} images: they must be the same for a paired test`,
      'ValueError',
    );
  }
  const random = mulberry32(seed);
  const values = Array.from({ length: samples }, () => {
    const drawn = draw(a.images, random);
    return averagePrecision(a, drawn) - averagePrecision(b, drawn);
  });
  const all = [...Array(a.images).keys()];
  const below = values.filter((value) => value <= 0).length / samples;
  const above = values.filter((value) => value >= 0).length / samples;
  return {
    difference: interval(averagePrecision(a, all) - averagePrecision(b, all), values, confidence),
    pValue: Math.min(1, 2 * Math.min(below, above)),
  };
}
