import { mask as masks } from '#coco-ts';
import { formatPlainCounts, parsePlainCounts } from '#coco-ts/counts';
import { DataError, messageOf } from '../engine/errors.js';
import { type Segmentation, toRle } from './regions.js';
import type { MaskPatch, ObjectsTruth, PackedMask } from './sample.js';

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
    return patchOfRuns(rle);
  } catch (error) {
    throw new DataError(file, `a region cannot be drawn: ${messageOf(error)}`);
  }
}

/** The pixels of packed or listed run lengths; null: there is none. */
export function patchOfRuns(rle: Parameters<typeof masks.toRuns>[0]): MaskPatch | null {
  const [left = 0, top = 0, width = 0, height = 0] = masks.toBbox(rle);
  if (width === 0 || height === 0) return null;
  const { counts, height: rows } = masks.toRuns(rle);
  const data = new Uint8Array(width * height);
  let at = 0;
  for (let i = 0; i < counts.length; i++) {
    const end = at + counts[i]!;
    for (let pixel = at; i % 2 === 1 && pixel < end; pixel++) {
      data[((pixel % rows) - top) * width + Math.floor(pixel / rows) - left] = 1;
    }
    at = end;
  }
  return { left, top, width, height, data };
}

/** The rectangle of a box, whole pixels that it touches, inside the image. */
export function patchOfBox([x1, y1, x2, y2]: readonly [number, number, number, number]): MaskPatch {
  const [left, top] = [Math.floor(x1), Math.floor(y1)];
  const [width, height] = [Math.max(1, Math.ceil(x2) - left), Math.max(1, Math.ceil(y2) - top)];
  return { left, top, width, height, data: new Uint8Array(width * height).fill(1) };
}

/** A patch as COCO's run lengths of an image of this size, which holds it whole. */
export function packPatch({ left, top, width, height, data }: MaskPatch, image: ImageSize): PackedMask {
  const counts: number[] = [];
  let [value, from] = [0, 0];
  const turn = (to: number, at: number): void => {
    if (to === value) return;
    counts.push(at - from);
    [value, from] = [to, at];
  };
  for (let x = 0; x < width; x++) {
    const column = (left + x) * image.height + top;
    for (let y = 0; y < height; y++) turn(data[y * width + x]!, column + y);
    if (height < image.height) turn(0, column + height);
  }
  const rest = image.width * image.height - from;
  if (rest > 0) counts.push(rest);
  return { size: [image.height, image.width], counts: formatPlainCounts(counts) };
}

/** A packed mask as pixels, row by row: [height * width], 1 where the object is. */
export function maskPixels({ size: [height, width], counts }: PackedMask): Uint8Array {
  const pixels = new Uint8Array(height * width);
  let at = 0;
  for (const [i, count] of parsePlainCounts(counts).entries()) {
    const end = Math.min(pixels.length, at + count);
    for (; at < end; at++) if (i % 2 === 1) pixels[(at % height) * width + Math.floor(at / height)] = 1;
  }
  return pixels;
}

interface ImageSize {
  readonly width: number;
  readonly height: number;
}
