import { type Kernels, kernels } from './kernels.js';
import { AT, BITMAP_BYTES, LIST_NUMBERS, RUN_LIMIT } from './layout.js';
import { compareZeros, readText, writeText } from './text.js';

/** Parses a compressed string to run lengths at `out` in the module's memory. @returns their count; -1 where it must be looked at */
function parseTo(module: Kernels, text: string, out: number): number {
  return text.length <= RUN_LIMIT && writeText(module, text, AT.TEXT, RUN_LIMIT)
    ? module.parseRuns(text.length, out)
    : -1;
}

/** `parseCounts` by WebAssembly; null where the portable code has to do it. */
export function quickParse(text: string): Uint32Array | null {
  const module = kernels();
  const n = module === null ? -1 : parseTo(module, text, AT.FIRST_RUNS);
  return n < 0 ? null : module!.views.FIRST_RUNS.slice(0, n);
}

/** `formatCounts`, likewise. */
export function quickFormat(counts: ArrayLike<number>): string | null {
  const module = kernels();
  if (module === null || !(counts instanceof Uint32Array) || counts.length > RUN_LIMIT) return null;
  module.views.FIRST_RUNS.set(counts);
  return formatFrom(module, AT.FIRST_RUNS, counts.length);
}

function formatFrom(module: Kernels, runs: number, count: number): string {
  return readText(module, AT.TEXT, AT.TEXT + module.formatRuns(runs, count));
}

/** The compressed string of `pixels` bytes of a bitmap; null where the portable code has to make it. */
export function quickEncode(data: Uint8Array | Uint8ClampedArray, begin: number, pixels: number): string | null {
  const module = kernels();
  if (module === null || pixels >= 2 ** 31) return null;
  const { STATE, BITMAP, FIRST_RUNS } = module.views;
  STATE.fill(0);
  const isZero = compareZeros(data);
  for (let p = 0; p < pixels; p += BITMAP_BYTES) {
    const from = begin + p;
    const end = begin + Math.min(pixels, p + BITMAP_BYTES);
    // Most of most masks is background.
    if (STATE[2] === 0 && isZero?.(from, end)) continue;
    BITMAP.set(data.subarray(from, end));
    if (module.encodeBytes(end - from, p) === 0) return null;
  }
  const [runs, runBegin] = STATE as unknown as [number, number];
  FIRST_RUNS[runs] = pixels - runBegin;
  return formatFrom(module, AT.FIRST_RUNS, runs + 1);
}

/** Union or intersection of compressed strings of one size as a compressed string; null where the portable code has to do it. */
export function quickMerge(texts: readonly string[], intersect: boolean): string | null {
  const module = kernels();
  if (module === null || texts.length < 2) return null;
  let n = parseTo(module, texts[0]!, AT.FIRST_RUNS);
  for (let i = 1; i < texts.length; i++) {
    const m = parseTo(module, texts[i]!, AT.SECOND_RUNS);
    if (n < 0 || m < 0) return null;
    n = module.mergePair(n, m, intersect ? 1 : 0);
    if (n < 0 || n > RUN_LIMIT) return null;
    if (i + 1 < texts.length) module.memory.copyWithin(AT.FIRST_RUNS, AT.MERGED_RUNS, AT.MERGED_RUNS + 4 * n);
  }
  return formatFrom(module, AT.MERGED_RUNS, n);
}

/** `polygonRuns`: the run lengths of a polygon. */
export function quickPolygon(xy: ArrayLike<number>, height: number, width: number): Uint32Array | null {
  const module = kernels();
  if (module === null || xy.length > LIST_NUMBERS) return null;
  module.views.LIST.set(xy);
  const n = module.polygonRuns(xy.length >> 1, height, width);
  return n === 0 ? null : module.views.MARKS.slice(0, n);
}

/** Foreground of masks in the module's memory, valid until the next `IntervalSet` is made. */
export class IntervalSet {
  private readonly module: Kernels;
  private next = AT.INTERVALS;

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
    const { FIRST_RUNS, INTERVALS, STATE } = module.views;
    if (counts.length > RUN_LIMIT || next + 4 * counts.length + 8 > AT.INTERVALS + INTERVALS.byteLength) return null;
    FIRST_RUNS.set(counts);
    const end = module.intervals(counts.length, next);
    if (end === 0 || STATE[1] !== pixels) return null;
    this.next = end;
    return { begin: next, end, area: STATE[0]! };
  }

  /** Pixels that two masks share. */
  shared(a: { begin: number; end: number }, b: { begin: number; end: number }): number {
    return this.module.sharedPixels(a.begin, a.end, b.begin, b.end);
  }
}
