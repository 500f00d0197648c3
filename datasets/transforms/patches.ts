import type { MaskPatch } from '../sample.js';
import { type Affine, hullOf, isAligned } from './affine.js';
import { axesOf, centre } from './axis.js';
import { type Deformation, widened } from './deformation.js';
import { addressable } from './region.js';
import { sampleNearest } from './warpFree.js';

/**
 * Draws an object's pixels through the same map and grid as `warpImage`, nearest pixel.
 *
 * @param affine original pixels -> input pixels
 * @param size   [height, width] of the input, pixels; what is outside is cut off
 * @returns      null: no pixel of the object is left
 */
export function warpPatch(
  patch: MaskPatch,
  affine: Affine,
  size: readonly [number, number],
  deformation?: Deformation,
): MaskPatch | null {
  if (deformation || !isAligned(affine)) return warpPatchFreely(patch, affine, size, deformation);
  const { x, y, transposed } = axesOf(affine, 0, 0);
  const [across, down] = transposed ? [rows(patch), columns(patch)] : [columns(patch), rows(patch)];
  const [left, right] = covered(x, across, size[1]);
  const [top, bottom] = covered(y, down, size[0]);
  const [width, height] = [right - left, bottom - top];
  if (width <= 0 || height <= 0) return null;
  const stepX = transposed ? patch.width : 1;
  const stepY = transposed ? 1 : patch.width;
  const sources = Int32Array.from(
    { length: width },
    (_, i) => (Math.floor(centre(x, left + i)) - across.first) * stepX,
  );
  const data = new Uint8Array(width * height);
  let pixels = 0;
  for (let row = 0; row < height; row++) {
    const base = (Math.floor(centre(y, top + row)) - down.first) * stepY;
    for (let i = 0; i < width; i++) {
      const value = patch.data[base + sources[i]!]!;
      data[row * width + i] = value;
      pixels += value;
    }
  }
  return pixels === 0 ? null : { left, top, width, height, data };
}

/** Patch of an object without a pixel. */
export const NO_PATCH: MaskPatch = { left: 0, top: 0, width: 0, height: 0, data: new Uint8Array(0) };

/** Takes every pixel of an object that lies in an image: its position there, and in the patch. */
export function eachPixel(
  { left, top, width, height, data }: MaskPatch,
  image: { readonly width: number; readonly height: number },
  take: (at: number, own: number) => void,
): void {
  for (let y = Math.max(0, -top); y < Math.min(height, image.height - top); y++) {
    for (let x = Math.max(0, -left); x < Math.min(width, image.width - left); x++) {
      const own = y * width + x;
      if (data[own] === 1) take((top + y) * image.width + left + x, own);
    }
  }
}

/** The part of a patch above and left of the edges of an image: points of a coarse mask reach beyond. */
export function cutAt(patch: MaskPatch, image: { readonly width: number; readonly height: number }): MaskPatch {
  const width = Math.min(patch.width, image.width - patch.left);
  const height = Math.min(patch.height, image.height - patch.top);
  if (width === patch.width && height === patch.height) return patch;
  if (width <= 0 || height <= 0) return NO_PATCH;
  const data = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) data.set(patch.data.subarray(y * patch.width, y * patch.width + width), y * width);
  return { left: patch.left, top: patch.top, width, height, data };
}

/** x1 y1 x2 y2 of a patch that is no larger than its object. */
export const boxOf = ({ left, top, width, height }: MaskPatch): readonly [number, number, number, number] => [
  left,
  top,
  left + width,
  top + height,
];

function warpPatchFreely(
  patch: MaskPatch,
  map: Affine,
  size: readonly [number, number],
  deformation: Deformation | undefined,
): MaskPatch | null {
  const { left, top, width, height } = patch;
  const hull = hullOf(map, [left, top, left + width, top + height]);
  const region = addressable(widened(hull, deformation), size);
  const [columns, rows] = [region.right - region.left, region.bottom - region.top];
  const data = new Uint8Array(Math.max(0, columns * rows));
  sampleNearest(patch, map, data, columns, region, deformation);
  return cropped({ left: region.left, top: region.top, width: columns, height: rows, data });
}

/** The part of a patch that holds all of its pixels; null: it has none. */
export function cropped({ left, top, width, height, data }: MaskPatch): MaskPatch | null {
  let [first, last, low, high] = [width, -1, height, -1];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (data[y * width + x] === 0) continue;
      if (x < first) first = x;
      if (x > last) last = x;
      if (y < low) low = y;
      high = y;
    }
  }
  if (last < 0) return null;
  const columns = last - first + 1;
  const rows = high - low + 1;
  if (columns === width && rows === height) return { left, top, width, height, data };
  const kept = new Uint8Array(columns * rows);
  for (let y = 0; y < rows; y++) {
    const from = (low + y) * width + first;
    kept.set(data.subarray(from, from + columns), y * columns);
  }
  return { left: left + first, top: top + low, width: columns, height: rows, data: kept };
}

/** Pixels of a source axis: [first, end). */
interface Extent {
  readonly first: number;
  readonly end: number;
}

const columns = ({ left, width }: MaskPatch): Extent => ({ first: left, end: left + width });
const rows = ({ top, height }: MaskPatch): Extent => ({ first: top, end: top + height });

/** Output pixels whose centres lie in an extent of the source: [first, end). */
function covered(
  axis: Parameters<typeof centre>[0],
  { first, end }: Extent,
  outputs: number,
): readonly [first: number, end: number] {
  const edges = [first, end].map((edge) => edge * axis.scale + axis.offset);
  const isInside = (index: number): boolean => {
    const at = Math.floor(centre(axis, index));
    return at >= first && at < end;
  };
  let low = Math.max(0, Math.floor(Math.min(...edges)) - 1);
  let high = Math.min(outputs, Math.ceil(Math.max(...edges)) + 1);
  while (low < high && !isInside(low)) low++;
  while (high > low && !isInside(high - 1)) high--;
  return [low, high];
}
