import { MaskError } from '../errors.js';
import { shown } from '../shown.js';
import { quickFormat, quickParse } from '../wasm/rle.js';
import { formatPlainCounts, parsePlainCounts } from './plainCounts.js';

export { decodeCounts } from './plainCounts.js';

/** Run-length encoded mask as files carry it: counts in the compressed string form, size as [height, width]. */
export interface Rle {
  readonly size: readonly [number, number] | readonly number[];
  readonly counts: string;
}

/** The same with plain counts; runs alternate background, foreground down the columns. */
export interface UncompressedRle {
  readonly size: readonly [number, number] | readonly number[];
  readonly counts: readonly number[] | Uint32Array;
}

/** The working form: run lengths in pixels, column-major, background first. */
export interface Runs {
  readonly height: number;
  readonly width: number;
  readonly counts: Uint32Array;
}

/** Largest number of pixels a mask may have: run lengths are uint32. */
export const MAX_PIXELS = 2 ** 32 - 1;

/** Checks a [height, width] pair. @throws MaskError when it is no pair of non-negative integers or has too many pixels */
export function checkSize(size: unknown): readonly [number, number] {
  if (!Array.isArray(size) || size.length !== 2) throw new MaskError('RLE size must be [height, width]', 'TypeError');
  const [height, width] = size as [unknown, unknown];
  if (!isDimension(height) || !isDimension(width) || height * width > MAX_PIXELS) {
    throw new MaskError(
      `RLE size [${shown(height)}, ${shown(width)}] is not a mask size of at most ${MAX_PIXELS} pixels`,
      'ValueError',
    );
  }
  return [height, width];
}

function isDimension(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_PIXELS;
}

/** Most run lengths that masks drawn from few numbers may have together: 256 MB. */
export const MOST_RUNS = 2 ** 26;

/** Adds to a count of run lengths. @throws MaskError beyond `most` */
export function addRuns(total: number, more: number, most = MOST_RUNS): number {
  if (total + more > most)
    throw new MaskError(
      `the masks have more than ${most} run lengths: their polygons are too large or too many`,
      'ValueError',
    );
  return total + more;
}

/** Below this many runs or characters the call into WebAssembly does not pay. */
const SHORT = 24;

/**
 * Decodes the compressed string: 5-bit groups from character 48 up, bit 5 = more follows, sign in the last group,
 * differences to the run before the last from the fourth run on; arithmetic modulo 2^32 as in the reference.
 * @throws MaskError on a character outside '0'..'o'
 */
export function parseCounts(text: string): Uint32Array {
  const quick = text.length < SHORT ? null : quickParse(text);
  if (quick !== null) return quick;
  return parsePlainCounts(text);
}

/** Writes the compressed string; the exact inverse of `parseCounts` and byte-equal to the reference. */
export function formatCounts(counts: ArrayLike<number>): string {
  const quick = counts.length < SHORT ? null : quickFormat(counts);
  if (quick !== null) return quick;
  return formatPlainCounts(counts);
}

/** Reads either form of RLE. Counts given as bytes (as Python code may have stored them) are accepted too. */
export function toRuns(rle: Rle | UncompressedRle): Runs {
  if (typeof rle !== 'object' || rle === null || !('counts' in rle))
    throw new MaskError('an RLE needs size and counts', 'TypeError');
  const [height, width] = checkSize(rle.size);
  const counts: unknown = rle.counts;
  if (typeof counts === 'string') return { height, width, counts: parseCounts(counts) };
  if (counts instanceof Uint8Array) return { height, width, counts: parseCounts(String.fromCharCode(...counts)) };
  return { height, width, counts: checkCounts(counts) };
}

function checkCounts(counts: unknown): Uint32Array {
  if (counts instanceof Uint32Array) return counts;
  if (!Array.isArray(counts)) throw new MaskError('RLE counts must be a string or a list of run lengths', 'TypeError');
  const out = new Uint32Array(counts.length);
  for (let i = 0; i < counts.length; i++) {
    const run: unknown = counts[i];
    if (typeof run !== 'number' || !Number.isInteger(run) || run < 0 || run > MAX_PIXELS) {
      throw new MaskError(
        `RLE run ${i} is ${shown(run)}: run lengths are integers from 0 to ${MAX_PIXELS}`,
        'ValueError',
      );
    }
    out[i] = run;
  }
  return out;
}

/** The compressed form of a mask. */
export const toRle = (runs: Runs): Rle & { size: [number, number] } => ({
  size: [runs.height, runs.width],
  counts: formatCounts(runs.counts),
});

/** Foreground pixels, modulo 2^32. */
export function runsArea(runs: Runs): number {
  let area = 0;
  for (let j = 1; j < runs.counts.length; j += 2) area = (area + runs.counts[j]!) >>> 0;
  return area;
}

/**
 * Writes the tight box x, y, width, height in pixels to out[offset..offset + 4). A run that crosses columns spans the whole
 * height; an odd last run and runs without length are skipped; a mask without runs has the box 0, 0, 0, 0.
 */
export function runsBox(runs: Runs, out: Float64Array, offset: number): void {
  boxOfCounts(runs.counts, runs.counts.length, runs.height, runs.width, out, offset);
}

/** `runsBox` of the first `count` run lengths. */
export function boxOfCounts(
  counts: Uint32Array,
  count: number,
  height: number,
  width: number,
  out: Float64Array,
  offset: number,
): void {
  const m = count & ~1;
  if (m === 0 || height === 0) {
    out.fill(0, offset, offset + 4);
    return;
  }
  let xs = width;
  let ys = height;
  let xe = 0;
  let ye = 0;
  // Column and row of the position reached; division only for runs longer than a column.
  let x = 0;
  let y = 0;
  let position = 0;
  for (let j = 0; j < m; j += 2) {
    const length = counts[j + 1]!;
    position += counts[j]!;
    y += counts[j]!;
    if (y >= height) {
      const columns = y < 2 * height ? 1 : Math.floor(y / height);
      x += columns;
      y -= columns * height;
    }
    if (length === 0) continue;
    position += length;
    if (position > MAX_PIXELS) {
      boxOfWrapped(counts, m, height, width, out, offset);
      return;
    }
    if (x < xs) xs = x;
    const last = y + length - 1;
    if (last < height) {
      if (x > xe) xe = x;
      if (y < ys) ys = y;
      if (last > ye) ye = last;
    } else {
      ys = 0;
      ye = height - 1;
      const end = x + Math.floor(last / height);
      if (end > xe) xe = end;
    }
    y += length;
    if (y >= height) {
      const columns = Math.floor(y / height);
      x += columns;
      y -= columns * height;
    }
  }
  out[offset] = xs;
  out[offset + 1] = ys;
  out[offset + 2] = (xe - xs + 1) >>> 0;
  out[offset + 3] = (ye - ys + 1) >>> 0;
}

/** The same for runs that exceed 2^32 pixels, where the reference's positions wrap around. */
function boxOfWrapped(
  counts: Uint32Array,
  m: number,
  height: number,
  width: number,
  out: Float64Array,
  offset: number,
): void {
  let xs = width;
  let ys = height;
  let xe = 0;
  let ye = 0;
  let end = 0;
  for (let j = 0; j < m; j += 2) {
    const start = (end + counts[j]!) >>> 0;
    const length = counts[j + 1]!;
    end = (start + length) >>> 0;
    if (length === 0) continue;
    const last = (end - 1) >>> 0;
    const x0 = Math.floor(start / height);
    const x1 = Math.floor(last / height);
    if (x0 < xs) xs = x0;
    if (x1 > xe) xe = x1;
    if (x0 < x1) {
      ys = 0;
      ye = height - 1;
      continue;
    }
    const y0 = start - x0 * height;
    const y1 = last - x1 * height;
    if (y0 < ys) ys = y0;
    if (y1 > ye) ye = y1;
  }
  out[offset] = xs;
  out[offset + 1] = ys;
  out[offset + 2] = (xe - xs + 1) >>> 0;
  out[offset + 3] = (ye - ys + 1) >>> 0;
}
