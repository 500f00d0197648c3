import { MaskError } from '../errors.js';
import type { Runs } from './runs.js';

/** Binary masks as bytes. Column-major (`F`, the default, as pycocotools) or row-major (`C`); `count` masks one after another. */
export interface Bitmap {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly height: number;
  readonly width: number;
  /** Number of masks in data; 1 when absent. */
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
  while (i < n) {
    if (data[i] === value) {
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
