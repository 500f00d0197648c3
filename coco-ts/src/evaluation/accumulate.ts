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
  /**
   * One size range and limit of either, [T, R, K], where there are so many categories that both arrays are only made on demand.
   * @internal
   */
  readonly columnOf?: (name: CurveName, area: number, limit: number) => Float64Array;
}

/** The arrays of `Accumulated` that have a recall axis. */
export type CurveName = 'precision' | 'scores';

/** One size range and limit of precision or scores: entry [t, r, k] is values[((t R + r) K + k) width + at]. */
export interface CurveColumn {
  readonly values: Float64Array;
  readonly width: number;
  readonly at: number;
}

/** Reads precision or scores of any number of categories without making more of them than is looked at. */
export function curveColumn(result: Accumulated, name: CurveName, area: number, limit: number): CurveColumn {
  const [, , , A, M] = result.counts;
  return result.columnOf
    ? { values: result.columnOf(name, area, limit), width: 1, at: 0 }
    : { values: result[name], width: A * M, at: area * M + limit };
}

/** Bytes of precision and scores from which on they are made when they are asked for. */
const AT_ONCE = 2 ** 28;

type Counts = Accumulated['counts'];

function countsOf(params: Params): Counts {
  const pooled = Number(params.useCats) !== 1;
  return [
    params.iouThrs.length,
    params.recThrs.length,
    pooled ? 1 : params.catIds.length,
    params.areaRng.length,
    params.maxDets.length,
  ];
}

/** @throws CocoError above 2 GB */
function unfilled(counts: readonly number[]): Float64Array {
  const length = counts.reduce((product, count) => product * count, 1);
  if (8 * length > MOST_BYTES)
    throw new CocoError(
      `precision of ${counts.join(' x ')} (thresholds, recalls, categories, sizes, limits) needs more than 2 GB: evaluate fewer categories, sizes or limits at once`,
      'ValueError',
    );
  return new Float64Array(length).fill(-1);
}

export function emptyAccumulated(params: Params): Accumulated {
  const counts = countsOf(params);
  const [T, , K, A, M] = counts;
  return {
    params,
    counts,
    date: now(),
    precision: unfilled(counts),
    recall: unfilled([T, K, A, M]),
    scores: unfilled(counts),
  };
}

const now = (): string => new Date().toISOString().replace('T', ' ').slice(0, 19);

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
export function accumulateMatched(params: Params, chunks: readonly Matched[], atOnce = AT_ONCE): Accumulated {
  const [T, R, K, A, M] = countsOf(params);
  if (2 * 8 * T * R * K * A * M > atOnce) return accumulateByColumns(params, chunks);
  const out = emptyAccumulated(params);
  fillCurves(out, chunks);
  return out;
}

/** What is filled: all arrays, or of one size range and limit those that are there. */
interface Target {
  readonly params: Params;
  readonly counts: Counts;
  readonly precision: Float64Array | null;
  readonly recall: Float64Array | null;
  readonly scores: Float64Array | null;
}

function fillCurves(out: Target, chunks: readonly Matched[], column?: readonly [area: number, limit: number]): void {
  if (quickCurves(out, chunks, column)) return;
  const { params, counts } = out;
  const [T, R, K, A, M] = counts;
  const target: Target = column ? { ...out, counts: [T, R, K, 1, 1] } : out;
  const areas = column ? [column[0]] : Array.from({ length: A }, (_, a) => a);
  const limits = column ? [column[1]] : Array.from({ length: M }, (_, m) => m);
  for (let k = 0; k < K; k++) {
    for (const [at, a] of areas.entries()) {
      const counted = chunks.reduce((sum, chunk) => sum + chunk.counted[k * A + a]!, 0);
      if (counted === 0) continue;
      for (const [to, m] of limits.entries())
        accumulateOne(target, [k, at, to], counted, listSlots(chunks, k, a, A, params.maxDets[m]!));
    }
  }
}

/** Recall alone; precision and scores are found again when they are asked for, of a size range and limit or all. */
function accumulateByColumns(params: Params, chunks: readonly Matched[]): Accumulated {
  const counts = countsOf(params);
  const [T, R, K, A, M] = counts;
  const known = { params, counts, date: now(), recall: unfilled([T, K, A, M]) };
  fillCurves({ ...known, precision: null, scores: null }, chunks);
  const columns = new Map<CurveName, { readonly key: number; readonly values: Float64Array }>();
  const columnOf = (name: CurveName, area: number, limit: number): Float64Array => {
    const key = area * M + limit;
    const last = columns.get(name);
    if (last?.key === key) return last.values;
    columns.delete(name); // so that there is room for another
    const values = unfilled([T, R, K]);
    const target = { ...known, recall: null, precision: null, scores: null, [name]: values };
    fillCurves(target, chunks, [area, limit]);
    columns.set(name, { key, values });
    return values;
  };
  const whole = new Map<CurveName, Float64Array>();
  const wholeOf = (name: CurveName): Float64Array => {
    const made = whole.get(name) ?? unfilled(counts);
    if (!whole.has(name)) fillCurves({ ...known, recall: null, precision: null, scores: null, [name]: made }, chunks);
    whole.set(name, made);
    return made;
  };
  return {
    ...known,
    columnOf,
    get precision() {
      return wholeOf('precision');
    },
    get scores() {
      return wholeOf('scores');
    },
  };
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
  out: Target,
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
    if (out.recall) out.recall[t * stride + column] = curve.recall.at(-1) ?? 0;
    for (let r = 0; r < R; r++) {
      if (out.precision) out.precision[(t * R + r) * stride + column] = 0;
      if (out.scores) out.scores[(t * R + r) * stride + column] = 0;
    }
    for (let r = 0; r < R; r++) {
      const index = searchLeft(curve.recall, out.params.recThrs[r]!);
      // The reference leaves its loop at the first recall that is not reached, also when later ones would be.
      if (index >= order.length) break;
      if (out.precision) out.precision[(t * R + r) * stride + column] = curve.precision[index]!;
      if (out.scores) out.scores[(t * R + r) * stride + column] = scores[order[index]!]!;
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
