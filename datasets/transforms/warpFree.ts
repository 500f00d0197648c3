import { ShapeError } from '../../engine/errors.js';
import { createPixels, type PixelType, typeOf } from '../pixelTypes.js';
import type { MaskPatch, PixelData, Pixels } from '../sample.js';
import { type Affine, areaScaleAt, compose, hullOf, invert } from './affine.js';
import { addressable, type Region } from './region.js';

/** A smaller image for strong reductions; grows to the largest seen by this thread, one of each type. */
const scratch = new Map<PixelType, PixelData>();

/**
 * Draws an image through any map, in one resample: bilinear, edges as they are up to half a pixel outside of the outermost
 * centres, as Pillow's `Image.transform(BILINEAR)`. Where the image shrinks to less than half, it is first averaged over
 * whole squares of pixels (Pillow's `reduce`), so that little aliases.
 *
 * @param into pixels of the input, already filled with what is there where the image is not
 * @returns    the upright rectangle that holds the image
 */
export function warpFreely(
  image: Pixels,
  channels: number,
  map: Affine,
  into: PixelData,
  size: readonly [height: number, width: number],
): Region {
  const region = addressable(hullOf(map, [0, 0, image.width, image.height]), size);
  const area = areaScaleAt(map, image.width / 2, image.height / 2);
  if (!(area > 0))
    throw new ShapeError(`the map [${map.join(', ')}] collapses the image: use one that can be inverted`);
  const factor = Math.min(Math.floor(1 / Math.sqrt(area)), Math.max(image.width, image.height));
  const source = factor < 2 ? image : reduced(image, channels, factor);
  const inverse = invert(factor < 2 ? map : compose([factor, 0, 0, 0, factor, 0], map));
  const extent = { width: image.width / Math.max(1, factor), height: image.height / Math.max(1, factor) };
  if (channels === 3 && source.data instanceof Uint8Array && into instanceof Uint8Array) {
    drawRgb(source.data, source, extent, inverse, into, size[1], region);
  } else drawDeep(source, channels, extent, inverse, into, size[1], region);
  return region;
}

interface Extent {
  readonly width: number;
  readonly height: number;
}

function drawRgb(
  data: Uint8Array,
  { width, height }: Extent,
  extent: Extent,
  [a, b, c, d, e, f, g = 0, h = 0]: Affine,
  into: Uint8Array,
  row: number,
  { left, top, right, bottom }: Region,
): void {
  const [lastX, lastY] = [width - 1, height - 1];
  for (let y = top; y < bottom; y++) {
    let to = (y * row + left) * 3;
    for (let x = left; x < right; x++, to += 3) {
      const w = g * (x + 0.5) + h * (y + 0.5) + 1;
      const sx = (a * (x + 0.5) + b * (y + 0.5) + c) / w;
      const sy = (d * (x + 0.5) + e * (y + 0.5) + f) / w;
      if (!(sx >= 0 && sy >= 0 && sx < extent.width && sy < extent.height && w > 0)) continue;
      const fx = Math.floor(sx - 0.5);
      const fy = Math.floor(sy - 0.5);
      const dx = sx - 0.5 - fx;
      const dy = sy - 0.5 - fy;
      const x0 = fx < 0 ? 0 : fx;
      const x1 = fx < lastX ? fx + 1 : lastX;
      const upper = (fy < 0 ? 0 : fy) * width;
      const lower = (fy < lastY ? fy + 1 : lastY) * width;
      const p = (upper + x0) * 3;
      const q = (upper + x1) * 3;
      const r = (lower + x0) * 3;
      const s = (lower + x1) * 3;
      const wq = dx * (1 - dy);
      const wr = (1 - dx) * dy;
      const ws = dx * dy;
      const wp = 1 - wq - wr - ws;
      into[to] =
        (data[p] as number) * wp + (data[q] as number) * wq + (data[r] as number) * wr + (data[s] as number) * ws + 0.5;
      into[to + 1] =
        (data[p + 1] as number) * wp +
        (data[q + 1] as number) * wq +
        (data[r + 1] as number) * wr +
        (data[s + 1] as number) * ws +
        0.5;
      into[to + 2] =
        (data[p + 2] as number) * wp +
        (data[q + 2] as number) * wq +
        (data[r + 2] as number) * wr +
        (data[s + 2] as number) * ws +
        0.5;
    }
  }
}

/** The same of any type and number of channels. */
function drawDeep(
  { data, width, height }: Pixels,
  channels: number,
  extent: Extent,
  [a, b, c, d, e, f, g = 0, h = 0]: Affine,
  into: PixelData,
  row: number,
  { left, top, right, bottom }: Region,
): void {
  const isFloat = into instanceof Float32Array;
  const [lastX, lastY] = [width - 1, height - 1];
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      const w = g * (x + 0.5) + h * (y + 0.5) + 1;
      const sx = (a * (x + 0.5) + b * (y + 0.5) + c) / w;
      const sy = (d * (x + 0.5) + e * (y + 0.5) + f) / w;
      if (!(sx >= 0 && sy >= 0 && sx < extent.width && sy < extent.height && w > 0)) continue;
      const fx = Math.floor(sx - 0.5);
      const fy = Math.floor(sy - 0.5);
      const dx = sx - 0.5 - fx;
      const dy = sy - 0.5 - fy;
      const x0 = Math.max(0, fx);
      const x1 = Math.min(lastX, fx + 1);
      const upper = Math.max(0, fy) * width;
      const lower = Math.min(lastY, fy + 1) * width;
      const to = (y * row + x) * channels;
      for (let k = 0; k < channels; k++) {
        const high =
          (data[(upper + x0) * channels + k] as number) * (1 - dx) + (data[(upper + x1) * channels + k] as number) * dx;
        const low =
          (data[(lower + x0) * channels + k] as number) * (1 - dx) + (data[(lower + x1) * channels + k] as number) * dx;
        const value = high * (1 - dy) + low * dy;
        into[to + k] = isFloat ? value : Math.round(value);
      }
    }
  }
}

/** Means of squares of `factor` pixels, those at the border of what there is. */
function reduced({ data, width, height }: Pixels, channels: number, factor: number): Pixels {
  const type = typeOf(data);
  const columns = Math.ceil(width / factor);
  const rows = Math.ceil(height / factor);
  const needed = columns * rows * channels;
  const known = scratch.get(type);
  const into = known !== undefined && known.length >= needed ? known : createPixels(type, needed);
  scratch.set(type, into);
  const isFloat = type === 'float32';
  for (let y = 0; y < rows; y++) {
    const endY = Math.min(height, (y + 1) * factor);
    for (let x = 0; x < columns; x++) {
      const endX = Math.min(width, (x + 1) * factor);
      const count = (endY - y * factor) * (endX - x * factor);
      for (let k = 0; k < channels; k++) {
        let sum = 0;
        for (let v = y * factor; v < endY; v++) {
          for (let at = (v * width + x * factor) * channels + k; at < (v * width + endX) * channels; at += channels) {
            sum += data[at] as number;
          }
        }
        into[(y * columns + x) * channels + k] = isFloat ? sum / count : Math.round(sum / count);
      }
    }
  }
  return { data: into, width: columns, height: rows };
}

/**
 * Reads a map of numbers through any map, nearest pixel.
 *
 * @param source   pixels from (left, top) on of the original
 * @param into     [rows, columns] of `region`, written where the source is
 */
export function sampleNearest(
  source: MaskPatch,
  map: Affine,
  into: Uint8Array,
  row: number,
  { left, top, right, bottom }: Region,
): void {
  const [a, b, c, d, e, f, g = 0, h = 0] = invert(map);
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      const w = g * (x + 0.5) + h * (y + 0.5) + 1;
      const column = Math.floor((a * (x + 0.5) + b * (y + 0.5) + c) / w) - source.left;
      const line = Math.floor((d * (x + 0.5) + e * (y + 0.5) + f) / w) - source.top;
      if (!(column >= 0 && line >= 0 && column < source.width && line < source.height && w > 0)) continue;
      into[(y - top) * row + x - left] = source.data[line * source.width + column] as number;
    }
  }
}
