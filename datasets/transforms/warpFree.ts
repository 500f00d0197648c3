import { ShapeError } from '../../engine/errors.js';
import { createPixels, type PixelType, typeOf } from '../pixelTypes.js';
import type { MaskPatch, PixelData, Pixels } from '../sample.js';
import { type Affine, apply, areaScaleAt, compose, hullOf, invert } from './affine.js';
import { type Deformation, type RowMoves, rowMoves, widened } from './deformation.js';
import { addressable, type Region } from './region.js';

/** A smaller image for strong reductions; grows to the largest seen by this thread, one of each type. */
const scratch = new Map<PixelType, PixelData>();

/**
 * Draws an image through any map, in one resample: bilinear, edges as they are up to half a pixel outside of the outermost
 * centres, as Pillow's `Image.transform(BILINEAR)`. Where the image shrinks to less than half, in the middle of what is seen of it, it
 * is first averaged over whole squares of pixels (Pillow's `reduce`), so that little aliases.
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
  deformation?: Deformation,
): Region {
  const region = addressable(widened(hullOf(map, [0, 0, image.width, image.height]), deformation), size);
  const [x, y] = apply(invert(map), [(region.left + region.right) / 2, (region.top + region.bottom) / 2]);
  const area = areaScaleAt(map, within(x, image.width), within(y, image.height));
  if (!(area > 0))
    throw new ShapeError(`the map [${map.join(', ')}] collapses the image: use one that can be inverted`);
  const factor = Math.min(Math.floor(1 / Math.sqrt(area)), Math.max(image.width, image.height));
  const source = factor < 2 ? image : reduced(image, channels, factor);
  const inverse = invert(factor < 2 ? map : compose([factor, 0, 0, 0, factor, 0], map));
  const extent = { width: image.width / Math.max(1, factor), height: image.height / Math.max(1, factor) };
  const moves = deformation ? rowMoves(deformation, region.left, region.right) : null;
  draw(source, channels, extent, inverse, into, size[1], region, moves);
  return region;
}

const within = (value: number, most: number): number => Math.min(Math.max(value, 0), most);

interface Extent {
  readonly width: number;
  readonly height: number;
}

/** Interpolation taps of each pixel of a row of the input: its place in the row, and the four pixels round its centre in the image with their weights. */
interface RowTaps {
  /** Pixels that show the image; the lists are longer. */
  count: number;
  readonly columns: Int32Array;
  /** Four of each pixel. */
  readonly sources: Int32Array;
  readonly weights: Float64Array;
}

/** Taps of the row that is drawn; grows to the widest input of this thread. */
let taps: RowTaps = emptyTaps(0);

function emptyTaps(width: number): RowTaps {
  const four = width * 4;
  return { count: 0, columns: new Int32Array(width), sources: new Int32Array(four), weights: new Float64Array(four) };
}

function findTaps(
  [a, b, c, d, e, f, g = 0, h = 0, i = 1]: Affine,
  { width, height }: Extent,
  extent: Extent,
  row: number,
  { left, right }: Region,
  moves: RowMoves | null,
): RowTaps {
  if (taps.columns.length < right - left) taps = emptyTaps(right - left);
  const { columns, sources, weights } = taps;
  moves?.go(row);
  let count = 0;
  for (let column = left; column < right; column++) {
    const x = column + 0.5 + (moves === null ? 0 : moves.across[column - left]!);
    const y = row + 0.5 + (moves === null ? 0 : moves.down[column - left]!);
    const w = g * x + h * y + i;
    const sx = (a * x + b * y + c) / w;
    const sy = (d * x + e * y + f) / w;
    if (!(sx >= 0 && sy >= 0 && sx < extent.width && sy < extent.height && w > 0)) continue;
    const fx = Math.floor(sx - 0.5);
    const fy = Math.floor(sy - 0.5);
    const dx = sx - 0.5 - fx;
    const dy = sy - 0.5 - fy;
    const near = fx < 0 ? 0 : fx;
    const far = fx < width - 1 ? fx + 1 : width - 1;
    const upper = (fy < 0 ? 0 : fy) * width;
    const lower = (fy < height - 1 ? fy + 1 : height - 1) * width;
    const at = count * 4;
    columns[count++] = column;
    sources[at] = upper + near;
    sources[at + 1] = upper + far;
    sources[at + 2] = lower + near;
    sources[at + 3] = lower + far;
    weights[at] = (1 - dx) * (1 - dy);
    weights[at + 1] = dx * (1 - dy);
    weights[at + 2] = (1 - dx) * dy;
    weights[at + 3] = dx * dy;
  }
  taps.count = count;
  return taps;
}

function draw(
  image: Pixels,
  channels: number,
  extent: Extent,
  inverse: Affine,
  into: PixelData,
  width: number,
  region: Region,
  moves: RowMoves | null,
): void {
  const isRgb = channels === 3 && image.data instanceof Uint8Array && into instanceof Uint8Array;
  for (let y = region.top; y < region.bottom; y++) {
    const found = findTaps(inverse, image, extent, y, region, moves);
    if (isRgb) blendRgb(image.data, found, into, y * width);
    else blendDeep(image.data, channels, found, into, y * width);
  }
}

/** Unrolled, as most images are such. */
function blendRgb(
  data: PixelData,
  { count, columns, sources, weights }: RowTaps,
  into: PixelData,
  start: number,
): void {
  for (let i = 0; i < count; i++) {
    const at = i * 4;
    const p = (sources[at] as number) * 3;
    const q = (sources[at + 1] as number) * 3;
    const r = (sources[at + 2] as number) * 3;
    const s = (sources[at + 3] as number) * 3;
    const wp = weights[at] as number;
    const wq = weights[at + 1] as number;
    const wr = weights[at + 2] as number;
    const ws = weights[at + 3] as number;
    const to = (start + (columns[i] as number)) * 3;
    for (let k = 0; k < 3; k++) {
      into[to + k] =
        (data[p + k] as number) * wp +
        (data[q + k] as number) * wq +
        (data[r + k] as number) * wr +
        (data[s + k] as number) * ws +
        0.5;
    }
  }
}

/** The same of any type and number of channels. */
function blendDeep(
  data: PixelData,
  channels: number,
  { count, columns, sources, weights }: RowTaps,
  into: PixelData,
  start: number,
): void {
  const isFloat = into instanceof Float32Array;
  for (let i = 0; i < count; i++) {
    const to = (start + (columns[i] as number)) * channels;
    for (let k = 0; k < channels; k++) {
      let sum = 0;
      for (let at = i * 4; at < i * 4 + 4; at++) {
        sum += (data[(sources[at] as number) * channels + k] as number) * (weights[at] as number);
      }
      into[to + k] = isFloat ? sum : Math.round(sum);
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
  stride: number,
  { left, top, right, bottom }: Region,
  deformation?: Deformation,
): void {
  const moves = deformation ? rowMoves(deformation, left, right) : null;
  const [a, b, c, d, e, f, g = 0, h = 0, i = 1] = invert(map);
  for (let row = top; row < bottom; row++) {
    moves?.go(row);
    for (let at = left; at < right; at++) {
      const x = at + 0.5 + (moves === null ? 0 : moves.across[at - left]!);
      const y = row + 0.5 + (moves === null ? 0 : moves.down[at - left]!);
      const w = g * x + h * y + i;
      const column = Math.floor((a * x + b * y + c) / w) - source.left;
      const line = Math.floor((d * x + e * y + f) / w) - source.top;
      if (!(column >= 0 && line >= 0 && column < source.width && line < source.height && w > 0)) continue;
      into[(row - top) * stride + at - left] = source.data[line * source.width + column] as number;
    }
  }
}
