import { channelsOf } from '../pixelTypes.js';
import { IGNORED, type PixelData, type Pixels } from '../sample.js';
import { type Affine, isAligned } from './affine.js';
import { type Axis, axesOf, centre, insideRange, type Kernel, tapsOf } from './axis.js';
import type { Deformation } from './deformation.js';
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
 * @param kernel of what lies between pixels. Defaults to linear
 * @param deformation where pixels of the input are read beside their place, linear then. Absent: there
 * @returns      where the image is
 */
export function warpImage(
  image: Pixels,
  affine: Affine,
  into: PixelData,
  size: readonly [number, number],
  fill: Fill,
  kernel: Kernel = 'linear',
  deformation?: Deformation,
): Region {
  const [height, width] = size;
  const channels = channelsOf(image);
  const painted = Array.from({ length: channels }, (_, c) => fill[c] ?? fill[0] ?? 0);
  if (deformation || !isAligned(affine)) {
    paintOutside(into, width, height, NOWHERE, painted);
    return warpFreely(image, channels, affine, into, size, deformation);
  }
  const axes = axesOf(affine, image.width, image.height);
  const across = tapsOf(axes.x, width, kernel);
  const down = tapsOf(axes.y, height, kernel);
  const region = { left: across.first, top: down.first, right: across.end, bottom: down.end };
  paintOutside(into, width, height, region, painted);
  if (across.end > across.first && down.end > down.first) {
    const origin = (region.top * width + region.left) * channels;
    const [rows, columns] = axes.transposed ? [across, down] : [down, across];
    const layout = axes.transposed
      ? { origin, line: channels, step: width * channels }
      : { origin, line: width * channels, step: channels };
    if (kernel === 'linear' && channels === 3 && image.data instanceof Uint8Array && into instanceof Uint8Array) {
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
  deformation?: Deformation,
): Uint8Array {
  const [height, width] = size;
  const into = new Uint8Array(height * width).fill(IGNORED);
  if (deformation || !isAligned(affine)) {
    const whole = { left: 0, top: 0, width: source.width, height: source.height, data: mask };
    sampleNearest(whole, affine, into, width, { left: 0, top: 0, right: width, bottom: height }, deformation);
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

/**
 * Draws a class map as `warpMask`, by the class of the largest part of the four pixels around: linear interpolation of a map per
 * class, of which the largest counts. Of equals the higher class wins, so that the ignored do.
 *
 * @source nnU-Net, preprocessing/resampling: labels are resampled by order 1 as one-hot maps
 */
export function warpMaskLinear(
  mask: Uint8Array,
  source: { readonly width: number; readonly height: number; readonly overlaps?: true },
  affine: Affine,
  size: readonly [number, number],
  deformation?: Deformation,
): Uint8Array {
  const [height, width] = size;
  const chosen = source.overlaps ? sharedBits : largest;
  if (deformation || !isAligned(affine)) return warpMask(mask, source, affine, size, deformation);
  const { x, y, transposed } = axesOf(affine, source.width, source.height);
  const into = new Uint8Array(height * width).fill(IGNORED);
  const columns = pairsOf(x, width, transposed ? source.width : 1);
  const rows = pairsOf(y, height, transposed ? 1 : source.width);
  const labels = [0, 0, 0, 0];
  const shares = [0, 0, 0, 0];
  for (const { at: row, low: above, high: below, share: down } of rows) {
    for (const { at: column, low: left, high: right, share: across } of columns) {
      for (let k = 0; k < 4; k++) {
        labels[k] = mask[(k < 2 ? above : below) + (k % 2 === 0 ? left : right)] as number;
        shares[k] = (k < 2 ? 1 - down : down) * (k % 2 === 0 ? 1 - across : across);
      }
      into[row * width + column] = chosen(labels, shares);
    }
  }
  return into;
}

/** Interpolation taps of each output pixel: where the two pixels around its centre lie in memory, and the share of the second. */
function pairsOf(axis: Axis, outputs: number, step: number) {
  const [first, end] = insideRange(axis, outputs);
  return Array.from({ length: end - first }, (_, i) => {
    const at = Math.min(Math.max(centre(axis, first + i) - 0.5, 0), axis.length - 1);
    const low = Math.floor(at);
    return { at: first + i, low: low * step, high: Math.min(low + 1, axis.length - 1) * step, share: at - low };
  });
}

/** The set of the classes that half of a pixel has or more; IGNORED where most of it is. */
function sharedBits(sets: readonly number[], shares: readonly number[]): number {
  let [set, unknown] = [0, 0];
  for (const [k, one] of sets.entries()) if (one === IGNORED) unknown += shares[k] as number;
  if (unknown > 0.5) return IGNORED;
  for (let bit = 1; bit < 128; bit *= 2) {
    let sum = 0;
    for (const [k, one] of sets.entries()) if (one !== IGNORED && one & bit) sum += shares[k] as number;
    if (sum >= 0.5 - EQUAL) set |= bit;
  }
  return set;
}

/** Sums nearer than this are equal. */
const EQUAL = 1e-9;

function largest(labels: readonly number[], shares: readonly number[]): number {
  let [best, most] = [0, -1];
  for (const label of labels) {
    let sum = 0;
    for (const [k, other] of labels.entries()) if (other === label) sum += shares[k] as number;
    if (sum > most + EQUAL || (sum > most - EQUAL && label > best)) [best, most] = [label, sum];
  }
  return best;
}
