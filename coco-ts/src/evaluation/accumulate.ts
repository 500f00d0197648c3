import type { Id } from '../annotation.js';
import { CocoError } from '../errors.js';
import { MOST_BYTES } from '../files.js';
import type { EvalImage } from './matching.js';
import { EPSILON, orderByScore } from './numeric.js';
import type { Params } from './params.js';

/** Precision and recall of an evaluation. Arrays in C order; -1 where there is no truth. */
export interface Accumulated {
  readonly params: Params;
  /** [T, R, K, A, M]: thresholds, recalls, categories, size ranges, detection limits. */
  readonly counts: readonly [number, number, number, number, number];
  readonly date: string;
  /** [T, R, K, A, M] */
  readonly precision: Float64Array;
  /** [T, K, A, M] */
  readonly recall: Float64Array;
  /** [T, R, K, A, M]: score of the detection at which the recall is reached. */
  readonly scores: Float64Array;
}

export function emptyAccumulated(params: Params): Accumulated {
  const pooled = Number(params.useCats) !== 1;
  const counts = [
    params.iouThrs.length,
    params.recThrs.length,
    pooled ? 1 : params.catIds.length,
    params.areaRng.length,
    params.maxDets.length,
  ] as const;
  const [T, R, K, A, M] = counts;
  if (8 * T * R * K * A * M > MOST_BYTES)
    throw new CocoError(
      `precision of ${counts.join(' x ')} (thresholds, recalls, categories, sizes, limits) needs more than 2 GB: evaluate fewer categories, sizes or limits at once`,
      'ValueError',
    );
  const date = new Date().toISOString().replace('T', ' ').slice(0, 19);
  const filled = (length: number): Float64Array => new Float64Array(length).fill(-1);
  return {
    params,
    counts,
    date,
    precision: filled(T * R * K * A * M),
    recall: filled(T * K * A * M),
    scores: filled(T * R * K * A * M),
  };
}

/** Positions of `list` whose value occurs in `known`. */
const positionsOf = <V>(
  list: readonly V[],
  known: readonly V[],
  key: (value: V) => Id = (value) => value as Id,
): number[] => {
  const set = new Set(known.map(key));
  return [...list.keys()].filter((index) => set.has(key(list[index]!)));
};

/**
 * Precision over recall from the matchings, as cocoeval.py's accumulate, with its indexing: positions in the lists of `params` are
 * looked up in evalImgs as they are, so lists that were reordered since evaluate() read other cells there too.
 */
export function accumulateCells(
  params: Params,
  evaluated: Params,
  evalImgs: readonly (EvalImage | null)[],
): Accumulated {
  const out = emptyAccumulated(params);
  const [T, , K, A, M] = out.counts;
  const categories = positionsOf(params.catIds, Number(evaluated.useCats) === 1 ? evaluated.catIds : [-1]);
  const areas = positionsOf(params.areaRng, evaluated.areaRng, (range) => Array.from(range).join());
  const limits = params.maxDets.filter((limit) => evaluated.maxDets.includes(limit));
  const images = positionsOf(params.imgIds, evaluated.imgIds);
  const [I0, A0] = [evaluated.imgIds.length, evaluated.areaRng.length];
  for (const [k, k0] of categories.entries()) {
    for (const [a, a0] of areas.entries()) {
      const offset = (k0 * A0 + a0) * I0;
      const cells: EvalImage[] = [];
      for (const i of images) {
        const cell = evalImgs[offset + i];
        if (cell === undefined)
          throw new CocoError(
            'accumulate(params) names more images, categories or size ranges than were evaluated',
            'IndexError',
          );
        if (cell !== null) cells.push(cell);
      }
      if (cells.length === 0) continue;
      const counted = cells.reduce(
        (sum, cell) => sum + cell.gtIgnore.reduce((n, ignored) => n + (ignored ? 0 : 1), 0),
        0,
      );
      if (counted === 0) continue;
      for (const [m, limit] of limits.entries()) {
        accumulateOne(
          out,
          cells,
          limit,
          counted,
          (t) => ({ recall: ((t * K + k) * A + a) * M + m, column: (k * A + a) * M + m }),
          T,
          K * A * M,
        );
      }
    }
  }
  return out;
}

type Place = (t: number) => { recall: number; column: number };

function accumulateOne(
  out: Accumulated,
  cells: readonly EvalImage[],
  limit: number,
  counted: number,
  place: Place,
  T: number,
  stride: number,
): void {
  const scores = cells.flatMap((cell) => Array.from(cell.dtScores.subarray(0, limit)));
  const order = orderByScore(scores);
  const sorted = Float64Array.from(order, (i) => scores[i]!);
  const R = out.counts[1];
  for (let t = 0; t < T; t++) {
    const { truePositive, falsePositive } = flags(cells, limit, t, scores.length);
    const curve = precisionCurve(order, truePositive, falsePositive, counted);
    const at = place(t);
    out.recall[at.recall] = curve.recall.length > 0 ? curve.recall[curve.recall.length - 1]! : 0;
    for (let r = 0; r < R; r++) {
      out.precision[(t * R + r) * stride + at.column] = 0;
      out.scores[(t * R + r) * stride + at.column] = 0;
    }
    for (let r = 0; r < R; r++) {
      const index = searchLeft(curve.recall, out.params.recThrs[r]!);
      // The reference leaves its loop at the first recall that is not reached, also when later ones would be.
      if (index >= sorted.length) break;
      out.precision[(t * R + r) * stride + at.column] = curve.precision[index]!;
      out.scores[(t * R + r) * stride + at.column] = sorted[index]!;
    }
  }
}

function flags(cells: readonly EvalImage[], limit: number, t: number, length: number) {
  const truePositive = new Uint8Array(length);
  const falsePositive = new Uint8Array(length);
  let n = 0;
  for (const cell of cells) {
    const D = cell.dtScores.length;
    for (let d = 0; d < Math.min(D, limit); d++, n++) {
      if (cell.dtIgnore[t * D + d]) continue;
      if (cell.dtMatches[t * D + d] !== 0) truePositive[n] = 1;
      else falsePositive[n] = 1;
    }
  }
  return { truePositive, falsePositive };
}

/** Recall, and precision made monotone from the right, after each detection in score order. */
export function precisionCurve(
  order: Int32Array,
  truePositive: Uint8Array,
  falsePositive: Uint8Array,
  counted: number,
) {
  const n = order.length;
  const recall = new Float64Array(n);
  const precision = new Float64Array(n);
  let tp = 0;
  let fp = 0;
  for (let i = 0; i < n; i++) {
    tp += truePositive[order[i]!]!;
    fp += falsePositive[order[i]!]!;
    recall[i] = tp / counted;
    precision[i] = tp / (fp + tp + EPSILON);
  }
  for (let i = n - 1; i > 0; i--) if (precision[i]! > precision[i - 1]!) precision[i - 1] = precision[i]!;
  return { recall, precision };
}

/** numpy.searchsorted(sorted, value, 'left'). */
function searchLeft(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value || Number.isNaN(value)) low = middle + 1;
    else high = middle;
  }
  return low;
}
