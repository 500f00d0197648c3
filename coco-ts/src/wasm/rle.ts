import { type Kernels, kernels } from './kernels.js';
import * as at from './layout.js';
import { compareZeros, readText, writeText } from './text.js';

/** Parses a compressed string to run lengths at `out` in the module's memory. @returns their count; -1 where it must be looked at */
function parseTo(module: Kernels, text: string, out: number): number {
  return text.length <= at.RUN_LIMIT && writeText(module, text, at.TEXT, at.RUN_LIMIT)
    ? module.parseRuns(text.length, out)
    : -1;
}

/** `parseCounts` by WebAssembly; null where the portable code has to do it. */
export function quickParse(text: string): Uint32Array | null {
  const module = kernels();
  const n = module === null ? -1 : parseTo(module, text, at.FIRST_RUNS);
  return n < 0 ? null : module!.integers.slice(at.FIRST_RUNS / 4, at.FIRST_RUNS / 4 + n);
}

/** `formatCounts`, likewise. */
export function quickFormat(counts: ArrayLike<number>): string | null {
  const module = kernels();
  if (module === null || !(counts instanceof Uint32Array) || counts.length > at.RUN_LIMIT) return null;
  module.integers.set(counts, at.FIRST_RUNS / 4);
  return formatFrom(module, at.FIRST_RUNS, counts.length);
}

function formatFrom(module: Kernels, runs: number, count: number): string {
  return readText(module, at.TEXT, at.TEXT + module.formatRuns(runs, count));
}

/** The compressed string of `pixels` bytes of a bitmap; null where the portable code has to make it. */
export function quickEncode(data: Uint8Array | Uint8ClampedArray, begin: number, pixels: number): string | null {
  const module = kernels();
  if (module === null || pixels >= 2 ** 31) return null;
  const { memory, integers } = module;
  const [count, runBegin, last] = [at.STATE / 4, at.STATE / 4 + 1, at.STATE / 4 + 2];
  integers.fill(0, count, last + 1);
  const isZero = compareZeros(data);
  for (let p = 0; p < pixels; p += at.BITMAP_BYTES) {
    const from = begin + p;
    const end = begin + Math.min(pixels, p + at.BITMAP_BYTES);
    // Most of most masks is background.
    if (integers[last] === 0 && isZero?.(from, end)) continue;
    memory.set(data.subarray(from, end), at.BITMAP);
    if (module.encodeBytes(end - from, p) === 0) return null;
  }
  const runs = integers[count]!;
  integers[at.FIRST_RUNS / 4 + runs] = pixels - integers[runBegin]!;
  return formatFrom(module, at.FIRST_RUNS, runs + 1);
}

/** Union or intersection of compressed strings of one size as a compressed string; null where the portable code has to do it. */
export function quickMerge(texts: readonly string[], intersect: boolean): string | null {
  const module = kernels();
  if (module === null || texts.length < 2) return null;
  let n = parseTo(module, texts[0]!, at.FIRST_RUNS);
  for (let i = 1; i < texts.length; i++) {
    const m = parseTo(module, texts[i]!, at.SECOND_RUNS);
    if (n < 0 || m < 0) return null;
    n = module.mergePair(n, m, intersect ? 1 : 0);
    if (n < 0 || n > at.RUN_LIMIT) return null;
    if (i + 1 < texts.length) module.memory.copyWithin(at.FIRST_RUNS, at.MERGED_RUNS, at.MERGED_RUNS + 4 * n);
  }
  return formatFrom(module, at.MERGED_RUNS, n);
}

/** `polygonRuns`: the run lengths of a polygon. */
export function quickPolygon(xy: ArrayLike<number>, height: number, width: number): Uint32Array | null {
  const module = kernels();
  if (module === null || xy.length > at.LIST_NUMBERS) return null;
  module.floats.set(xy, at.LIST / 8);
  const n = module.polygonRuns(xy.length >> 1, height, width);
  return n === 0 ? null : module.integers.slice(at.MARKS / 4, at.MARKS / 4 + n);
}

/** Foreground of masks in the module's memory, valid until the next `IntervalSet` is made. */
export class IntervalSet {
  private readonly module: Kernels;
  private next = at.INTERVALS;

  private constructor(module: Kernels) {
    this.module = module;
  }

  static open(): IntervalSet | null {
    const module = kernels();
    return module && new IntervalSet(module);
  }

  /** @returns where the mask's intervals stand; null when its runs do not fill its pixels, or there is no room */
  add(counts: Uint32Array, pixels: number): { begin: number; end: number; area: number } | null {
    const { module, next } = this;
    const { integers } = module;
    if (counts.length > at.RUN_LIMIT || next + 4 * counts.length + 8 > at.INTERVALS + 8 * at.INTERVAL_LIMIT)
      return null;
    integers.set(counts, at.FIRST_RUNS / 4);
    const end = module.intervals(counts.length, next);
    if (end === 0 || integers[at.STATE / 4 + 1] !== pixels) return null;
    this.next = end;
    return { begin: next, end, area: integers[at.STATE / 4]! };
  }

  /** Pixels that two masks share. */
  shared(a: { begin: number; end: number }, b: { begin: number; end: number }): number {
    return this.module.sharedPixels(a.begin, a.end, b.begin, b.end);
  }
}
