import { channelsOf } from '../pixelTypes.js';
import { IGNORED, type PixelData, type Pixels } from '../sample.js';
import { type Affine, isAligned } from './affine.js';
import { axesOf, centre, insideRange, tapsOf } from './axis.js';
import type { Region } from './region.js';
import { resample } from './resample.js';
import { resampleDeep } from './resampleDeep.js';
import { sampleNearest, warpFreely } from './warpFree.js';

/** A value per channel, in the image's own units. */
export type Fill = readonly number[];

/**
 * Draws an image through a map, every output pixel written; anti-aliased when it shrinks along rows and columns.
 *
 * @param affine original pixels -> input pixels
 * @param into   [height * width * channels], of the image's type or float32
 * @param size   [height, width] of the input, pixels
 * @param fill   value of each channel where the image is not
 * @returns      where the image is
 */
export function warpImage(
  image: Pixels,
  affine: Affine,
  into: PixelData,
  size: readonly [number, number],
  fill: Fill,
): Region {
  const [height, width] = size;
  const channels = channelsOf(image);
  const painted = Array.from({ length: channels }, (_, c) => fill[c] ?? fill[0] ?? 0);
  if (!isAligned(affine)) {
    paintOutside(into, width, height, NOWHERE, painted);
    return warpFreely(image, channels, affine, into, size);
  }
  const axes = axesOf(affine, image.width, image.height);
  const across = tapsOf(axes.x, width);
  const down = tapsOf(axes.y, height);
  const region = { left: across.first, top: down.first, right: across.end, bottom: down.end };
  paintOutside(into, width, height, region, painted);
  if (across.end > across.first && down.end > down.first) {
    const origin = (region.top * width + region.left) * channels;
    const [rows, columns] = axes.transposed ? [across, down] : [down, across];
    const layout = axes.transposed
      ? { origin, line: channels, step: width * channels }
      : { origin, line: width * channels, step: channels };
    if (channels === 3 && image.data instanceof Uint8Array && into instanceof Uint8Array) {
      resample(image.data, image.width, rows, columns, into, layout);
    } else resampleDeep(image, channels, rows, columns, into, layout);
  }
  return region;
}

const NOWHERE: Region = { left: 0, top: 0, right: 0, bottom: 0 };

function paintOutside(into: PixelData, width: number, height: number, region: Region, fill: Fill): void {
  const channels = fill.length;
  const paint = (y: number, from: number, to: number): void => {
    for (let at = (y * width + from) * channels; at < (y * width + to) * channels; at += channels) {
      for (let c = 0; c < channels; c++) into[at + c] = fill[c] as number;
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
  const into = new Uint8Array(height * width).fill(IGNORED);
  if (!isAligned(affine)) {
    const whole = { left: 0, top: 0, width: source.width, height: source.height, data: mask };
    sampleNearest(whole, affine, into, width, { left: 0, top: 0, right: width, bottom: height });
    return into;
  }
  const { x, y, transposed } = axesOf(affine, source.width, source.height);
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
