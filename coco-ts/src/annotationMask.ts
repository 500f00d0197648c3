import type { Id, ImageInfo, InstanceAnnotation } from './annotation.js';
import { CocoError } from './errors.js';
import { type Bitmap, decodeRuns, MAX_BITMAP_BYTES } from './mask/bitmap.js';
import { toRunsList } from './mask/index.js';
import { mergeRuns } from './mask/overlap.js';
import { type Rle, type Runs, toRuns } from './mask/runs.js';
import { shown } from './shown.js';

/** The mask of an annotation as run lengths; an empty one without polygons. Polygons need the image's size. */
export function annotationRuns(
  ann: Pick<InstanceAnnotation, 'image_id' | 'segmentation'>,
  imageOf: (id: Id) => ImageInfo,
): Runs {
  const segmentation: unknown = ann.segmentation;
  if (segmentation === undefined || segmentation === null)
    throw new CocoError(
      `an annotation of image ${shown(ann.image_id)} has no segmentation: leave it out, or compare boxes`,
      'KeyError',
    );
  if (!Array.isArray(segmentation)) return toRuns(segmentation as Rle);
  const { height, width } = imageOf(ann.image_id);
  if (segmentation.length === 0)
    return { height: height ?? 0, width: width ?? 0, counts: Uint32Array.of((height ?? 0) * (width ?? 0)) };
  if (height === undefined || width === undefined)
    throw new CocoError(`image ${shown(ann.image_id)} has no height and width, which its polygons need`, 'KeyError');
  return mergeRuns(toRunsList(segmentation, height, width) as Runs[]);
}

/** Run lengths as bytes, column-major. */
export function runsBitmap(runs: Runs): Bitmap & { data: Uint8Array } {
  const pixels = runs.height * runs.width;
  if (pixels > MAX_BITMAP_BYTES)
    throw new CocoError(`a mask of ${runs.height}x${runs.width} pixels is too large to decode`, 'ValueError');
  const data = new Uint8Array(pixels);
  decodeRuns(runs, data, 0);
  return { data, height: runs.height, width: runs.width };
}

/** Whether a segmentation is a compressed RLE already. */
export function isCompressed(segmentation: unknown): segmentation is Rle {
  return typeof segmentation === 'object' && segmentation !== null && typeof (segmentation as Rle).counts === 'string';
}
