import { mask as masks } from '#coco-ts';
import { DataError, messageOf } from '../engine/errors.js';
import { patchOfCounts } from './packedMasks.js';
import { type Segmentation, toRle } from './regions.js';
import type { MaskPatch, ObjectsTruth } from './sample.js';

/** Objects of an image with their regions as an annotation states them. Structured-cloneable. */
export interface ObjectRegionsTruth extends ObjectsTruth {
  readonly kind: 'object-regions';
  /** [M] polygons or run lengths; null: the object has a box alone. */
  readonly segmentations: readonly (Segmentation | null)[];
}

/**
 * The pixels of a region, by the rasteriser of the COCO mask API; only as many as its runs say are written.
 *
 * @param file named in errors
 * @returns null: the region has no pixel
 * @throws DataError when a region cannot be drawn or is of another size than the image
 */
export function patchOf(segmentation: Segmentation, width: number, height: number, file: string): MaskPatch | null {
  if ('size' in segmentation && (segmentation.size[0] !== height || segmentation.size[1] !== width)) {
    const [rows, columns] = segmentation.size;
    throw new DataError(file, `a region is ${columns}x${rows}, its image ${width}x${height}`);
  }
  try {
    const rle = 'size' in segmentation ? toRle(segmentation) : masks.merge(masks.frPoly(segmentation, height, width));
    return patchOfCounts(masks.toRuns(rle).counts, width, height);
  } catch (error) {
    throw new DataError(file, `a region cannot be drawn: ${messageOf(error)}`);
  }
}

/** The rectangle of a box, whole pixels that it touches, inside the image. */
export function patchOfBox([x1, y1, x2, y2]: readonly [number, number, number, number]): MaskPatch {
  const [left, top] = [Math.floor(x1), Math.floor(y1)];
  const [width, height] = [Math.max(1, Math.ceil(x2) - left), Math.max(1, Math.ceil(y2) - top)];
  return { left, top, width, height, data: new Uint8Array(width * height).fill(1) };
}
