import { IGNORED, type Pixels } from '../sample.js';
import type { Affine } from './affine.js';
import { axesOf, centre, insideRange, type Taps, tapsOf, WEIGHT_BITS } from './axis.js';

export type Rgb = readonly [red: number, green: number, blue: number];

/** Part of the input that shows the image: pixels [left, right) x [top, bottom). */
export interface Region {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

const HALF = 1 << (WEIGHT_BITS - 1);

/** Lines resampled along x, waiting for y; grows to the largest image seen by this thread. */
let scratch = new Uint8Array(0);

/**
 * Draws an image through an axis-aligned map, anti-aliased when it shrinks, every output pixel written.
 *
 * @param affine original pixels -> input pixels
 * @param into   [height * width * 3] uint8
 * @param size   [height, width] of the input, pixels
 * @param fill   colour where the image is not
 * @returns      where the image is
 */
export function warpImage(
  image: Pixels,
  affine: Affine,
  into: Uint8Array,
  size: readonly [number, number],
  fill: Rgb,
): Region {
  const [height, width] = size;
  const axes = axesOf(affine, image.width, image.height);
  const across = tapsOf(axes.x, width);
  const down = tapsOf(axes.y, height);
  const region = { left: across.first, top: down.first, right: across.end, bottom: down.end };
  paintOutside(into, width, height, region, fill);
  if (across.end > across.first && down.end > down.first) {
    const lines = down.high - down.low;
    const length = (across.end - across.first) * 3;
    if (scratch.length < lines * length) scratch = new Uint8Array(lines * length);
    const rowBytes = image.width * 3;
    const steps = axes.transposed ? { line: 3, tap: rowBytes } : { line: rowBytes, tap: 3 };
    resampleLines(image.data, steps, down.low, down.high, across);
    blendLines(into, width, length, across.first, down);
  }
  return region;
}

/** Along x: one scratch line for every source line that an output row reads. */
function resampleLines(
  source: Uint8Array,
  steps: { readonly line: number; readonly tap: number },
  low: number,
  high: number,
  taps: Taps,
): void {
  const { starts, counts, weights, stride } = taps;
  const outputs = taps.end - taps.first;
  const step = steps.tap;
  const lines = scratch;
  let target = 0;
  for (let line = low; line < high; line++) {
    const base = line * steps.line;
    for (let i = 0; i < outputs; i++) {
      let at = base + (starts[i] as number) * step;
      let weight = i * stride;
      const stop = weight + (counts[i] as number);
      let red = HALF;
      let green = HALF;
      let blue = HALF;
      for (; weight < stop; weight++) {
        const share = weights[weight] as number;
        red += Math.imul(source[at] as number, share);
        green += Math.imul(source[at + 1] as number, share);
        blue += Math.imul(source[at + 2] as number, share);
        at += step;
      }
      lines[target] = red >> WEIGHT_BITS;
      lines[target + 1] = green >> WEIGHT_BITS;
      lines[target + 2] = blue >> WEIGHT_BITS;
      target += 3;
    }
  }
}

/** Along y: each output row is a weighted sum of scratch lines. */
function blendLines(into: Uint8Array, width: number, length: number, left: number, taps: Taps): void {
  const { starts, counts, weights, stride, low } = taps;
  const lines = scratch;
  for (let i = 0; i < taps.end - taps.first; i++) {
    const from = ((starts[i] as number) - low) * length;
    const target = ((taps.first + i) * width + left) * 3;
    const firstWeight = i * stride;
    const count = counts[i] as number;
    for (let x = 0; x < length; x++) {
      let sum = HALF;
      let at = from + x;
      for (let k = 0; k < count; k++) {
        sum += Math.imul(lines[at] as number, weights[firstWeight + k] as number);
        at += length;
      }
      into[target + x] = sum >> WEIGHT_BITS;
    }
  }
}

function paintOutside(into: Uint8Array, width: number, height: number, region: Region, fill: Rgb): void {
  const paint = (y: number, from: number, to: number): void => {
    for (let at = (y * width + from) * 3; at < (y * width + to) * 3; at += 3) {
      into[at] = fill[0];
      into[at + 1] = fill[1];
      into[at + 2] = fill[2];
    }
  };
  for (let y = 0; y < height; y++) {
    const hasImage = y >= region.top && y < region.bottom && region.right > region.left;
    paint(y, 0, hasImage ? region.left : width);
    if (hasImage) paint(y, region.right, width);
  }
}

/**
 * Draws a class map through the same map and grid as `warpImage`, nearest pixel, IGNORED where the image is not.
 *
 * @param mask [sourceHeight * sourceWidth] uint8
 * @returns    [height * width] uint8
 */
export function warpMask(
  mask: Uint8Array,
  source: { readonly width: number; readonly height: number },
  affine: Affine,
  size: readonly [number, number],
): Uint8Array {
  const [height, width] = size;
  const { x, y, transposed } = axesOf(affine, source.width, source.height);
  const into = new Uint8Array(height * width).fill(IGNORED);
  const [left, right] = insideRange(x, width);
  const [top, bottom] = insideRange(y, height);
  const stepX = transposed ? source.width : 1;
  const stepY = transposed ? 1 : source.width;
  const columns = Int32Array.from({ length: right - left }, (_, i) => Math.floor(centre(x, left + i)) * stepX);
  for (let row = top; row < bottom; row++) {
    const base = Math.floor(centre(y, row)) * stepY;
    const target = row * width + left;
    for (let i = 0; i < columns.length; i++) into[target + i] = mask[base + (columns[i] as number)] as number;
  }
  return into;
}
