import { formatPlainCounts, parsePlainCounts } from '#coco-ts/counts';
import type { MaskPatch, PackedMask } from './sample.js';

/** The pixels of a packed mask, only as many as its runs say are written; null: there is none. */
export const patchOfMask = ({ size: [height, width], counts }: PackedMask): MaskPatch | null =>
  patchOfCounts(parsePlainCounts(counts), width, height);

/**
 * The pixels of COCO's run lengths, column by column, background first; null: there is none.
 *
 * @param width of the image, in pixels, as is `height`; runs that go beyond it end with it
 */
export function patchOfCounts(counts: Uint32Array, width: number, height: number): MaskPatch | null {
  const pixels = width * height;
  let [left, right, top, bottom] = [width, -1, height, -1];
  eachRun(counts, pixels, (from, end) => {
    const [first, last] = [Math.floor(from / height), Math.floor((end - 1) / height)];
    left = Math.min(left, first);
    right = Math.max(right, last);
    top = Math.min(top, first === last ? from % height : 0);
    bottom = Math.max(bottom, first === last ? (end - 1) % height : height - 1);
  });
  if (right < 0) return null;
  const [columns, rows] = [right - left + 1, bottom - top + 1];
  const data = new Uint8Array(columns * rows);
  eachRun(counts, pixels, (from, end) => {
    let [x, y] = [Math.floor(from / height), from % height];
    for (let at = from; at < end; at++) {
      data[(y - top) * columns + x - left] = 1;
      if (++y === height) [x, y] = [x + 1, 0];
    }
  });
  return { left, top, width: columns, height: rows, data };
}

/** Calls back with each run of the foreground, [from, end) in pixels below `pixels`. */
function eachRun(counts: Uint32Array, pixels: number, visit: (from: number, end: number) => void): void {
  let at = 0;
  for (let i = 0; i < counts.length && at < pixels; i++) {
    const end = Math.min(pixels, at + counts[i]!);
    if (i % 2 === 1 && end > at) visit(at, end);
    at = end;
  }
}

/** A patch as COCO's run lengths of an image of this size, which holds it whole. */
export function packPatch({ left, top, width, height, data }: MaskPatch, image: ImageSize): PackedMask {
  const counts: number[] = [];
  let [value, from] = [0, 0];
  const turn = (to: number, at: number): void => {
    if (to === value) return;
    counts.push(at - from);
    [value, from] = [to, at];
  };
  for (let x = 0; x < width; x++) {
    const column = (left + x) * image.height + top;
    for (let y = 0; y < height; y++) turn(data[y * width + x]!, column + y);
    if (height < image.height || x === width - 1) turn(0, column + height);
  }
  const rest = image.width * image.height - from;
  if (rest > 0) counts.push(rest);
  return { size: [image.height, image.width], counts: formatPlainCounts(counts) };
}

/** A packed mask as pixels, row by row: [height * width], 1 where the object is. */
export function maskPixels({ size: [height, width], counts }: PackedMask): Uint8Array {
  const pixels = new Uint8Array(height * width);
  eachRun(parsePlainCounts(counts), pixels.length, (from, end) => {
    for (let at = from; at < end; at++) pixels[(at % height) * width + Math.floor(at / height)] = 1;
  });
  return pixels;
}

interface ImageSize {
  readonly width: number;
  readonly height: number;
}
