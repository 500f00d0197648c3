import type { Id } from '../annotation.js';
import { CocoError } from '../errors.js';
import { MOST_BYTES } from '../files.js';
import { quickCurves } from '../wasm/curves.js';
import type { Matched } from './matched.js';
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
      for (const [m, limit] of limits.entries()) accumulateOne(out, [k, a, m], counted, listCells(cells, limit));
    }
  }
  return out;
}

/** The same from outcomes: by WebAssembly where that is there. */
export function accumulateMatched(params: Params, chunks: readonly Matched[]): Accumulated {
  const out = emptyAccumulated(params);
  const [, , K, A] = out.counts;
  if (quickCurves(out, chunks)) return out;
  for (let k = 0; k < K; k++) {
    for (let a = 0; a < A; a++) {
      const counted = chunks.reduce((sum, chunk) => sum + chunk.counted[k * A + a]!, 0);
      if (counted === 0) continue;
      for (const [m, limit] of params.maxDets.entries())
        accumulateOne(out, [k, a, m], counted, listSlots(chunks, k, a, A, limit));
    }
  }
  return out;
}

/** Detections of one category, size range and limit, image by image. */
interface Listed {
  readonly scores: readonly number[];
  /** Whether one is a hit or a miss at a threshold; when ignored it is neither. */
  isHit(t: number, n: number): boolean;
  isMiss(t: number, n: number): boolean;
}

function listCells(cells: readonly EvalImage[], limit: number): Listed {
  const list = cells.flatMap((cell) =>
    Array.from(cell.dtScores.subarray(0, limit), (score, d) => ({ cell, d, D: cell.dtScores.length, score })),
  );
  const isIgnored = (t: number, n: number): boolean => list[n]!.cell.dtIgnore[t * list[n]!.D + list[n]!.d] !== 0;
  const isMatched = (t: number, n: number): boolean => list[n]!.cell.dtMatches[t * list[n]!.D + list[n]!.d] !== 0;
  return {
    scores: list.map(({ score }) => score),
    isHit: (t, n) => !isIgnored(t, n) && isMatched(t, n),
    isMiss: (t, n) => !isIgnored(t, n) && !isMatched(t, n),
  };
}

function listSlots(chunks: readonly Matched[], k: number, a: number, A: number, limit: number): Listed {
  const scores: number[] = [];
  const codes: number[] = [];
  for (const chunk of chunks) {
    for (let slot = chunk.base[k]!, end = slot + chunk.fill[k]!; slot < end; slot++) {
      if (chunk.ranks[slot]! >= limit) continue;
      scores.push(chunk.scores[slot]!);
      codes.push(chunk.codes[slot * A + a]!);
    }
  }
  return {
    scores,
    isHit: (t, n) => ((codes[n]! >> t) & 1) !== 0,
    isMiss: (t, n) => ((codes[n]! >> (16 + t)) & 1) !== 0,
  };
}

/** Fills one category, size range and limit. */
function accumulateOne(
  out: Accumulated,
  [k, a, m]: readonly [number, number, number],
  counted: number,
  { scores, isHit, isMiss }: Listed,
): void {
  const [T, R, K, A, M] = out.counts;
  const stride = K * A * M;
  const column = (k * A + a) * M + m;
  const order = orderByScore(scores);
  for (let t = 0; t < T; t++) {
    const truePositive = Uint8Array.from(scores, (_, n) => (isHit(t, n) ? 1 : 0));
    const falsePositive = Uint8Array.from(scores, (_, n) => (isMiss(t, n) ? 1 : 0));
    const curve = precisionCurve(order, truePositive, falsePositive, counted);
    out.recall[t * stride + column] = curve.recall.at(-1) ?? 0;
    for (let r = 0; r < R; r++) {
      out.precision[(t * R + r) * stride + column] = 0;
      out.scores[(t * R + r) * stride + column] = 0;
    }
    for (let r = 0; r < R; r++) {
      const index = searchLeft(curve.recall, out.params.recThrs[r]!);
      // The reference leaves its loop at the first recall that is not reached, also when later ones would be.
      if (index >= order.length) break;
      out.precision[(t * R + r) * stride + column] = curve.precision[index]!;
      out.scores[(t * R + r) * stride + column] = scores[order[index]!]!;
    }
  }
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
