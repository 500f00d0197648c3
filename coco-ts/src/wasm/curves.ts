import type { Matched } from '../evaluation/matcher.js';
import type { Kernels } from './kernels.js';
import { WORK } from './layout.js';
import * as plan from './plan.js';

/** The outcomes that are read here. */
type Outcomes = Omit<Matched, 'images'>;

/** What is filled, as evaluation/accumulate.ts has it. */
interface Curves {
  readonly params: { readonly recThrs: ArrayLike<number>; readonly maxDets: readonly number[] };
  readonly counts: readonly [number, number, number, number, number];
  readonly precision: Float64Array;
  readonly recall: Float64Array;
  readonly scores: Float64Array;
}

const sum = (chunks: readonly Outcomes[], of: (chunk: Outcomes) => number): number => {
  let total = 0;
  for (const chunk of chunks) total += of(chunk);
  return total;
};

/** Lists one after another in the module's memory. @returns where the last one ends */
function place({ integers }: Kernels, lists: readonly (readonly [number, number])[]): number {
  let at = WORK;
  for (const [pointer, bytes] of lists) {
    integers[pointer / 4] = at;
    at += (bytes + 15) & -8;
  }
  return at;
}

/** Accumulates by WebAssembly, category by category. @returns false where there is no room for the largest one */
export function quickCurves(module: Kernels, out: Curves, chunks: readonly Outcomes[]): boolean {
  const [T, R, K, A, M] = out.counts;
  let most = 1;
  let mixed = 1;
  for (let k = 0; k < K; k++) {
    most = Math.max(
      most,
      sum(chunks, ({ fill }) => fill[k]!),
    );
    mixed = Math.max(
      mixed,
      sum(chunks, (chunk) => chunk.mixed[k]!),
    );
  }
  const { maxDets, recThrs } = out.params;
  const ranks = Math.max(0, maxDets[M - 1]!) + 1;
  const columns = A * M;
  const lists = [
    [plan.SCORES, 8 * most],
    [plan.RANKS, 4 * most],
    [plan.CODES, 4 * most * A],
    [plan.LIMIT_OF, ranks],
    [plan.RECALL_THRESHOLDS, 8 * R],
    [plan.COUNTED, 4 * A],
    [plan.KEYS, 8 * most],
    [plan.FIRST_ORDER, 4 * most],
    [plan.SECOND_ORDER, 4 * most],
    [plan.DIGIT_COUNTS, 8192],
    [plan.SORTED, 8 * most],
    [plan.ADMITTED, most],
    [plan.MIXED_AT, 4 * A * mixed],
    [plan.MIXED_CODE, 4 * A * mixed],
    [plan.MISSES_BEFORE, 4 * A * mixed * M],
    [plan.MIXED_COUNT, 4 * A],
    [plan.MISSES, 4 * columns],
    [plan.ADMITTED_COUNT, 4 * M],
    [plan.FIRST_ADMITTED, 4 * M],
    [plan.HIT_MISSES, 4 * T * mixed],
    [plan.HIT_AT, 4 * T * mixed],
    [plan.HITS, 64],
    [plan.FALSES, 64],
    [plan.ENVELOPE, 8 * mixed],
    [plan.PRECISION, 8 * T * R * columns],
    [plan.SCORES_AT, 8 * T * R * columns],
    [plan.RECALL, 8 * T * columns],
  ] as const;
  if (M > 255 || !module.reserve(place(module, lists))) return false;
  const { memory, floats, integers } = module;
  const lengths = [
    [plan.THRESHOLDS, T],
    [plan.RECALLS, R],
    [plan.RANGES, A],
    [plan.LIMITS, M],
    [plan.MIXED_ROOM, mixed],
  ] as const;
  for (const [pointer, length] of lengths) integers[pointer / 4] = length;
  const at = (pointer: number): number => integers[pointer / 4]!;
  for (let rank = 0; rank < ranks; rank++)
    memory[at(plan.LIMIT_OF) + rank] = maxDets.filter((limit) => rank >= limit).length;
  floats.set(recThrs, at(plan.RECALL_THRESHOLDS) / 8);
  for (let k = 0; k < K; k++) {
    let any = 0;
    for (let a = 0; a < A; a++) {
      const counted = sum(chunks, (chunk) => chunk.counted[k * A + a]!);
      integers[at(plan.COUNTED) / 4 + a] = counted;
      any += counted;
    }
    if (any === 0) continue;
    let n = 0;
    for (const chunk of chunks) {
      const begin = chunk.base[k]!;
      const end = begin + chunk.fill[k]!;
      floats.set(chunk.scores.subarray(begin, end), at(plan.SCORES) / 8 + n);
      integers.set(chunk.ranks.subarray(begin, end), at(plan.RANKS) / 4 + n);
      integers.set(chunk.codes.subarray(begin * A, end * A), at(plan.CODES) / 4 + n * A);
      n += end - begin;
    }
    module.curves(n);
    const stride = K * columns;
    scatter(floats, at(plan.PRECISION) / 8, T * R, columns, out.precision, k * columns, stride);
    scatter(floats, at(plan.SCORES_AT) / 8, T * R, columns, out.scores, k * columns, stride);
    scatter(floats, at(plan.RECALL) / 8, T, columns, out.recall, k * columns, stride);
  }
  return true;
}

/** Rows of a matrix to every `stride` numbers of another. */
function scatter(
  from: Float64Array,
  at: number,
  rows: number,
  columns: number,
  to: Float64Array,
  first: number,
  stride: number,
): void {
  for (let i = 0; i < rows; i++) {
    const source = at + i * columns;
    const target = first + i * stride;
    for (let c = 0; c < columns; c++) to[target + c] = from[source + c]!;
  }
}
