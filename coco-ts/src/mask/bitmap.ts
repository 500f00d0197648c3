import { MaskError } from '../errors.js';
import type { Runs } from './runs.js';

/** Binary masks as bytes. Column-major (`F`, the default, as pycocotools) or row-major (`C`); `count` masks one after another. */
export interface Bitmap {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly height: number;
  readonly width: number;
  /** Number of masks in data. Defaults to 1. */
  readonly count?: number;
  readonly order?: 'F' | 'C';
}

/** Largest bitmap that is allocated, in bytes. */
export const MAX_BITMAP_BYTES = 2 ** 31;

/** Run lengths of mask `index` of the bitmap. A run is a stretch of any equal value, as in the reference. */
export function encodeRuns(bitmap: Bitmap, index = 0): Runs {
  const { height, width } = bitmap;
  const pixels = height * width;
  const start = index * pixels;
  if (!(pixels >= 0) || start + pixels > bitmap.data.length) {
    throw new MaskError(
      `a bitmap of ${height}x${width} needs ${start + pixels} bytes, data has ${bitmap.data.length}`,
      'ValueError',
    );
  }
  const data =
    bitmap.order === 'C'
      ? transpose(bitmap.data.subarray(start, start + pixels), height, width)
      : bitmap.data.subarray(start, start + pixels);
  return { height, width, counts: runLengths(data) };
}

function runLengths(data: Uint8Array | Uint8ClampedArray): Uint32Array {
  const n = data.length;
  let counts = new Uint32Array(256);
  let m = 0;
  let value = 0;
  let begin = 0;
  let i = 0;
  // Many bytes at a time where a run goes on.
  const shift = (4 - (data.byteOffset & 3)) & 3;
  const whole = (n - shift) >> 2;
  const words = whole > 0 ? new Int32Array(data.buffer, data.byteOffset + shift, whole) : new Int32Array(0);
  while (i < n) {
    const aligned = i - shift;
    if ((aligned & 3) === 0 && aligned >= 0 && aligned >> 2 < words.length) {
      const same = value * 0x01010101;
      const w = value === 0 ? skipZeros(words, aligned >> 2) : skipEqual(words, aligned >> 2, same);
      i = 4 * w + shift;
      if (w === words.length) continue;
      // Memory is little-endian: the lowest byte that differs comes first.
      const other = words[w]! ^ same;
      i += (31 - Math.clz32(other & -other)) >> 3;
    } else if (data[i] === value) {
      i++;
      continue;
    }
    if (m === counts.length) counts = grown(counts);
    counts[m++] = i - begin;
    begin = i;
    value = data[i]!;
  }
  if (m === counts.length) counts = grown(counts);
  counts[m++] = n - begin;
  return counts.slice(0, m);
}

/** The first word from w on that is not zero, or the end. */
function skipZeros(words: Int32Array, w: number): number {
  const last = words.length - 8;
  while (
    w <= last &&
    (words[w]! |
      words[w + 1]! |
      words[w + 2]! |
      words[w + 3]! |
      words[w + 4]! |
      words[w + 5]! |
      words[w + 6]! |
      words[w + 7]!) ===
      0
  )
    w += 8;
  while (w < words.length && words[w] === 0) w++;
  return w;
}

/** The first word from w on that is another one, or the end. */
function skipEqual(words: Int32Array, w: number, same: number): number {
  const word = same | 0;
  const last = words.length - 4;
  while (
    w <= last &&
    ((words[w]! ^ word) | (words[w + 1]! ^ word) | (words[w + 2]! ^ word) | (words[w + 3]! ^ word)) === 0
  )
    w += 4;
  while (w < words.length && words[w] === word) w++;
  return w;
}

function grown(counts: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const bigger = new Uint32Array(counts.length * 2);
  bigger.set(counts);
  return bigger;
}

/** Row-major bytes to column-major ones. */
export function transpose(data: Uint8Array | Uint8ClampedArray, height: number, width: number): Uint8Array {
  const out = new Uint8Array(height * width);
  for (let y = 0; y < height; y++) {
    const row = y * width;
    for (let x = 0; x < width; x++) out[x * height + y] = data[row + x]!;
  }
  return out;
}

/** Row-major copy of a one-mask bitmap, for drawing and for image libraries. */
export function toRowMajor(bitmap: Bitmap): Uint8Array {
  if (bitmap.order === 'C') return Uint8Array.from(bitmap.data);
  return transpose(bitmap.data, bitmap.width, bitmap.height);
}

/** Paints runs as 0 and 1 into out from offset on. @throws MaskError when the runs exceed the mask */
export function decodeRuns(runs: Runs, out: Uint8Array, offset: number): void {
  const limit = offset + runs.height * runs.width;
  let p = offset;
  let value = 0;
  for (const run of runs.counts) {
    const end = p + run;
    if (end > limit)
      throw new MaskError('Invalid RLE mask representation: the runs exceed the size of the mask', 'ValueError');
    if (value && run) out.fill(1, p, end);
    p = end;
    value ^= 1;
  }
}
