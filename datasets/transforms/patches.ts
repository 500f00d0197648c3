import type { MaskPatch } from '../sample.js';
import type { Affine } from './affine.js';
import { axesOf, centre } from './axis.js';

/**
 * Draws an object's pixels through the same map and grid as `warpImage`, nearest pixel.
 *
 * @param affine original pixels -> input pixels
 * @param size   [height, width] of the input, pixels; what is outside is cut off
 * @returns      null: no pixel of the object is left
 */
export function warpPatch(patch: MaskPatch, affine: Affine, size: readonly [number, number]): MaskPatch | null {
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
