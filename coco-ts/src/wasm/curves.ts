import type { Matched } from '../evaluation/matched.js';
import { type Kernels, kernels } from './kernels.js';
import { AT } from './layout.js';

/** The outcomes that are read here. */
type Outcomes = Omit<Matched, 'images'>;

/** What is filled, as evaluation/accumulate.ts has it. */
interface Curves {
  readonly params: { readonly recThrs: ArrayLike<number>; readonly maxDets: readonly number[] };
  readonly counts: readonly [number, number, number, number, number];
  readonly precision: Float64Array | null;
  readonly recall: Float64Array | null;
  readonly scores: Float64Array | null;
}

const sum = (chunks: readonly Outcomes[], of: (chunk: Outcomes) => number): number => {
  let total = 0;
  for (const chunk of chunks) total += of(chunk);
  return total;
};

/** Lists one after another in the module's memory. @returns where the last one ends */
function place({ integers }: Kernels, lists: readonly (readonly [number, number])[]): number {
  let at = AT.WORK;
  for (const [pointer, bytes] of lists) {
    integers[pointer / 4] = at;
    at += (bytes + 15) & -8;
  }
  return at;
}

/**
 * Accumulates by WebAssembly, category by category.
 *
 * @param column the one size range and limit that the arrays are of. Defaults to all
 * @returns false where that is not there, or has no room for the largest category
 */
export function quickCurves(
  out: Curves,
  chunks: readonly Outcomes[],
  column?: readonly [area: number, limit: number],
): boolean {
  const module = kernels();
  if (module === null) return false;
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
    [AT.SCORES, 8 * most],
    [AT.RANKS, 4 * most],
    [AT.CODES, 4 * most * A],
    [AT.LIMIT_OF, ranks],
    [AT.RECALL_THRESHOLDS, 8 * R],
    [AT.COUNTED, 4 * A],
    [AT.KEYS, 8 * most],
    [AT.FIRST_ORDER, 4 * most],
    [AT.SECOND_ORDER, 4 * most],
    [AT.DIGIT_COUNTS, 8192],
    [AT.SORTED, 8 * most],
    [AT.ADMITTED, most],
    [AT.MIXED_AT, 4 * A * mixed],
    [AT.MIXED_CODE, 4 * A * mixed],
    [AT.MISSES_BEFORE, 4 * A * mixed * M],
    [AT.MIXED_COUNT, 4 * A],
    [AT.MISSES, 4 * columns],
    [AT.ADMITTED_COUNT, 4 * M],
    [AT.FIRST_ADMITTED, 4 * M],
    [AT.HIT_MISSES, 4 * T * mixed],
    [AT.HIT_AT, 4 * T * mixed],
    [AT.HITS, 64],
    [AT.FALSES, 64],
    [AT.ENVELOPE, 8 * mixed],
    [AT.PRECISION, 8 * T * R * columns],
    [AT.SCORES_AT, 8 * T * R * columns],
    [AT.RECALL, 8 * T * columns],
  ] as const;
  if (M > 255 || !module.reserve(place(module, lists))) return false;
  const { memory, floats, integers } = module;
  const lengths = [
    [AT.THRESHOLDS, T],
    [AT.RECALLS, R],
    [AT.RANGES, A],
    [AT.LIMITS, M],
    [AT.MIXED_ROOM, mixed],
  ] as const;
  for (const [pointer, length] of lengths) integers[pointer / 4] = length;
  const at = (pointer: number): number => integers[pointer / 4]!;
  // So many limits leave a rank out.
  const limitOf = memory.subarray(at(AT.LIMIT_OF), at(AT.LIMIT_OF) + ranks).fill(M);
  for (let m = M - 1; m >= 0; m--) limitOf.fill(m, 0, Math.max(0, maxDets[m]!));
  floats.set(recThrs, at(AT.RECALL_THRESHOLDS) / 8);
  for (let k = 0; k < K; k++) {
    let any = 0;
    for (let a = 0; a < A; a++) {
      const counted = sum(chunks, (chunk) => chunk.counted[k * A + a]!);
      integers[at(AT.COUNTED) / 4 + a] = counted;
      any += counted;
    }
    if (any === 0) continue;
    let n = 0;
    for (const chunk of chunks) {
      const begin = chunk.base[k]!;
      const end = begin + chunk.fill[k]!;
      floats.set(chunk.scores.subarray(begin, end), at(AT.SCORES) / 8 + n);
      integers.set(chunk.ranks.subarray(begin, end), at(AT.RANKS) / 4 + n);
      integers.set(chunk.codes.subarray(begin * A, end * A), at(AT.CODES) / 4 + n * A);
      n += end - begin;
    }
    module.curves(n);
    const [first, width] = column ? [column[0] * M + column[1], 1] : [0, columns];
    const move = (pointer: number, rows: number, to: Float64Array | null): void => {
      if (to !== null) scatter(floats, at(pointer) / 8 + first, rows, columns, width, to, k * width, K * width);
    };
    move(AT.PRECISION, T * R, out.precision);
    move(AT.SCORES_AT, T * R, out.scores);
    move(AT.RECALL, T, out.recall);
  }
  return true;
}

/** The first `width` numbers of each row of `columns` to every `stride` numbers of another array. */
function scatter(
  from: Float64Array,
  at: number,
  rows: number,
  columns: number,
  width: number,
  to: Float64Array,
  first: number,
  stride: number,
): void {
  for (let i = 0; i < rows; i++) {
    const source = at + i * columns;
    const target = first + i * stride;
    for (let c = 0; c < width; c++) to[target + c] = from[source + c]!;
  }
}
