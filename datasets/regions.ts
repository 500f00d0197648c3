import { mask as masks } from '#coco-ts';
import { DataError } from '../engine/errors.js';
import { withClass } from './overlap.js';

/** COCO's two ways to write a region: polygons x0 y0 x1 y1 ..., or run lengths (a list, or packed as text). */
export type Segmentation =
  | readonly (readonly number[])[]
  | { readonly size: readonly [number, number]; readonly counts: string | readonly number[] };

/** Regions of one image from which its class map is drawn. Structured-cloneable. */
export interface RegionsTruth {
  readonly kind: 'regions';
  /** Class of pixels that no region covers, or IGNORED. */
  readonly uncovered: number;
  /** True: the map's values are sets of classes, of which none covers the others. Absent: later ones lie on top. */
  readonly overlaps?: true;
  readonly regions: readonly { readonly label: number; readonly segmentation: Segmentation }[];
}

/** The regions of a stored truth; null: it is another one. */
export const regionsOf = (truth: { readonly kind: string }): RegionsTruth | null =>
  truth.kind === 'regions' ? (truth as RegionsTruth) : null;

/** Run lengths as coco-ts takes them. */
export const toRle = ({ size, counts }: Extract<Segmentation, { readonly size: unknown }>) =>
  typeof counts === 'string' ? { size: [...size], counts } : { size: [...size], counts: [...counts] };

/**
 * Draws regions to a class map with the rasteriser of the COCO mask API.
 *
 * @param file named in errors
 * @returns [height * width] class index or IGNORED
 * @throws DataError when a region cannot be drawn or is of another size than the image
 */
export function drawRegions(truth: RegionsTruth, width: number, height: number, file: string): Uint8Array {
  const map = new Uint8Array(width * height).fill(truth.uncovered);
  for (const { label, segmentation } of truth.regions) {
    const region = decodeRegion(segmentation, width, height, file);
    // Column by column in the region, row by row in the map.
    for (let x = 0, from = 0; x < width; x++) {
      for (let y = 0; y < height; y++, from++) {
        const at = y * width + x;
        if (region[from] === 1) map[at] = truth.overlaps ? withClass(map[at] as number, label) : label;
      }
    }
  }
  return map;
}

function decodeRegion(segmentation: Segmentation, width: number, height: number, file: string): Uint8Array {
  if ('size' in segmentation && (segmentation.size[0] !== height || segmentation.size[1] !== width)) {
    const [rows, columns] = segmentation.size;
    throw new DataError(file, `a region is ${columns}x${rows}, its image ${width}x${height}`);
  }
  try {
    if (!('size' in segmentation)) return masks.decode(masks.merge(masks.frPoly(segmentation, height, width))).data;
    const { size, counts } = segmentation;
    return (typeof counts === 'string' ? masks.decode({ size, counts }) : masks.decode({ size, counts })).data;
  } catch (error) {
    throw new DataError(file, `a region cannot be drawn: ${(error as Error).message}`);
  }
}
