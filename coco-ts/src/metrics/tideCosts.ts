import type { Id } from '../annotation.js';
import type { COCO } from '../coco.js';
import { orderByScore } from '../evaluation/numeric.js';
import { type Analysis, analyse, type ErrorKind, isMissed, type TideOptions } from './tide.js';

/** AP, and how much it would rise if errors of one kind alone were put right; 0 to 1. */
export interface TideCosts {
  /** At the foreground IoU, mean over categories with truths or detections. */
  readonly ap: number;
  readonly classification: number;
  readonly localization: number;
  readonly both: number;
  readonly duplicate: number;
  readonly background: number;
  readonly missed: number;
  /** If every false detection had the lowest score. */
  readonly falsePositive: number;
  /** If truths without a detection were not there; below 0 where a category is then nothing but false detections. */
  readonly falseNegative: number;
}

interface Point {
  readonly category: Id;
  readonly score: number;
  readonly hit: boolean;
}

const WRONG = ['classification', 'localization', 'both', 'duplicate', 'background'] as const;

/**
 * What each of TIDE's kinds of error costs in AP: the AP with that kind put right, less the AP as it is. A wrong class or place is put
 * right for the best such detection of a truth that no other has, also one that a crowd hides from AP; further ones are dropped, as
 * are duplicates and background; missed truths are taken away. The costs do not add up to what is missing, for errors hide each other.
 *
 * @source Bolya, Foley, Hays, Hoffman 2020, arXiv:2008.08115, section 2.3; AP and its categories as tidecv counts them
 */
export function tideCosts(gt: COCO, dt: COCO, options: TideOptions = {}): TideCosts {
  const analysis = analyse(gt, dt, options);
  const truths = count(analysis, () => true);
  const ap = meanPrecision(pointsOf(analysis.detections, null), truths);
  const asTheyAre = repaired(analysis, null);
  const change = (points: readonly Point[], counted = truths): number => meanPrecision(points, counted) - ap;
  const gain = (points: readonly Point[], counted = truths): number => Math.max(0, change(points, counted));
  const [classification, localization, both, duplicate, background] = WRONG.map((kind) =>
    gain(repaired(analysis, kind)),
  ) as [number, number, number, number, number];
  const missed = gain(
    asTheyAre,
    count(analysis, (truth) => !isMissed(truth)),
  );
  const sunk = asTheyAre.map(({ category, hit }) => ({ category, score: hit ? 1 : 0, hit }));
  const falsePositive = change(sunk);
  const falseNegative = change(
    asTheyAre,
    count(analysis, (truth) => truth.taken),
  );
  return { ap, classification, localization, both, duplicate, background, missed, falsePositive, falseNegative };
}

/** Truths by category, all categories listed. */
function count({ truths }: Analysis, counts: (truth: Analysis['truths'][number]) => boolean): Map<Id, number> {
  const out = new Map<Id, number>();
  for (const truth of truths) out.set(truth.category, (out.get(truth.category) ?? 0) + (counts(truth) ? 1 : 0));
  return out;
}

/** The detections with errors of one kind put right. As tidecv lists them, of equal scores the wrong ones come first. */
function repaired({ detections }: Analysis, kind: ErrorKind | null): Point[] {
  const right = detections.filter((detection) => detection.kind === 'correct');
  const wrong = detections.filter((detection) => detection.kind !== 'correct');
  return pointsOf([...wrong, ...right], kind);
}

function pointsOf(detections: Analysis['detections'], kind: ErrorKind | null): Point[] {
  return detections.flatMap((detection): Point[] => {
    const { category, score, truth, ignored } = detection;
    if (detection.kind !== kind) return ignored ? [] : [{ category, score, hit: detection.kind === 'correct' }];
    // Only wrong classes and places have a truth that they are nearest to.
    return truth?.nearest === detection ? [{ category: truth.category, score, hit: true }] : [];
  });
}

function meanPrecision(points: readonly Point[], truths: ReadonlyMap<Id, number>): number {
  const byCategory = new Map<Id, Point[]>();
  for (const point of points) {
    const list = byCategory.get(point.category);
    if (list) list.push(point);
    else byCategory.set(point.category, [point]);
  }
  let [sum, categories] = [0, 0];
  for (const category of new Set([...truths.keys(), ...byCategory.keys()])) {
    const [own, counted] = [byCategory.get(category) ?? [], truths.get(category) ?? 0];
    if (own.length === 0 && counted === 0) continue;
    categories++;
    if (counted > 0) sum += averagePrecision(own, counted);
  }
  return categories === 0 ? 0 : sum / categories;
}

/** Mean of the best precision at or behind the recalls 0, 0.01, ..., 1. */
function averagePrecision(points: readonly Point[], counted: number): number {
  const order = orderByScore(points.map(({ score }) => score));
  const precision = new Float64Array(points.length);
  const recall = new Float64Array(points.length);
  let hits = 0;
  for (const [i, index] of order.entries()) {
    if (points[index]!.hit) hits++;
    precision[i] = hits / (i + 1);
    recall[i] = hits / counted;
  }
  for (let i = points.length - 1; i > 0; i--) precision[i - 1] = Math.max(precision[i - 1]!, precision[i]!);
  let sum = 0;
  for (let r = 0, i = 0; r <= 100; r++) {
    while (i < points.length && recall[i]! < r / 100) i++;
    sum += precision[i] ?? 0;
  }
  return sum / 101;
}
