import { EspalierError } from '../../../engine/errors.js';

/** Voxels in rows, slice by slice; an image is a grid of one slice. */
export interface Grid {
  /** [slices, rows, columns]. */
  readonly shape: readonly [depth: number, height: number, width: number];
  /** Distance of neighbours along each axis, in whatever unit results shall have: millimetres, or 1 for pixels. */
  readonly spacing: readonly [z: number, y: number, x: number];
}

/** Most voxels of one grid: 512 slices of 512 x 512, whose distances take 1 GiB. */
const MOST_VOXELS = 2 ** 27;

export const voxelsOf = ([depth, height, width]: Grid['shape']): number => depth * height * width;

/**
 * Refuses what cannot be measured before anything is allocated.
 *
 * @throws EspalierError for masks of another size than the grid, spacings that are no lengths, and grids that are too large
 */
export function checkGrid({ shape, spacing }: Grid, ...masks: readonly Uint8Array[]): void {
  const voxels = voxelsOf(shape);
  if (!shape.every((length) => Number.isInteger(length) && length >= 0) || voxels > MOST_VOXELS) {
    throw new EspalierError(
      `a grid of ${shape.join(' x ')} voxels: at most ${MOST_VOXELS} are measured at once: cut it into parts`,
    );
  }
  if (!spacing.every((step) => step > 0 && Number.isFinite(step))) {
    throw new EspalierError(`a spacing of ${spacing.join(', ')}: give a length above 0 for each of the three axes`);
  }
  for (const { length } of masks) {
    if (length === voxels) continue;
    throw new EspalierError(`a mask of ${length} voxels on a grid of ${shape.join(' x ')}: give it ${voxels}`);
  }
}

/** The part of a grid that holds every voxel of the masks, and the masks there; null: they are empty. */
export function croppedTo(
  { shape, spacing }: Grid,
  ...masks: readonly Uint8Array[]
): { readonly grid: Grid; readonly masks: readonly Uint8Array[] } | null {
  const [depth, height, width] = shape;
  const low = [depth, height, width];
  const high = [-1, -1, -1];
  let at = 0;
  for (let z = 0; z < depth; z++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++, at++) {
        if (!isIn(masks, at)) continue;
        if (z < low[0]!) low[0] = z;
        if (y < low[1]!) low[1] = y;
        if (x < low[2]!) low[2] = x;
        if (z > high[0]!) high[0] = z;
        if (y > high[1]!) high[1] = y;
        if (x > high[2]!) high[2] = x;
      }
    }
  }
  if (high[0]! < 0) return null;
  const part = [high[0]! - low[0]! + 1, high[1]! - low[1]! + 1, high[2]! - low[2]! + 1] as const;
  const cut = (mask: Uint8Array): Uint8Array => {
    const out = new Uint8Array(voxelsOf(part));
    for (let z = 0; z < part[0]; z++) {
      for (let y = 0; y < part[1]; y++) {
        const from = ((z + low[0]!) * height + y + low[1]!) * width + low[2]!;
        out.set(mask.subarray(from, from + part[2]), (z * part[1] + y) * part[2]);
      }
    }
    return out;
  };
  return { grid: { shape: part, spacing }, masks: masks.map(cut) };
}

function isIn(masks: readonly Uint8Array[], at: number): boolean {
  for (const mask of masks) if (mask[at] !== 0) return true;
  return false;
}
