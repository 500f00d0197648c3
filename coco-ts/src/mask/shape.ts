import { MaskError } from '../errors.js';
import { type Bitmap, decodeRuns, encodeRuns, MAX_BITMAP_BYTES } from './bitmap.js';
import { boundaryRuns } from './boundary.js';
import { outlines } from './outline.js';
import { checkSize, type Rle, type Runs, toRle, toRuns, type UncompressedRle } from './runs.js';

type Compressed = Rle & { size: [number, number] };
type Any = Rle | UncompressedRle;

/** A size that may be allocated. */
function checkPixels(height: number, width: number): void {
  checkSize([height, width]);
  if (height * width > MAX_BITMAP_BYTES)
    throw new MaskError(`a mask of ${height}x${width} pixels is too large to decode`, 'ValueError');
}

function asRuns(rle: Any): Runs {
  const runs = toRuns(rle);
  checkPixels(runs.height, runs.width);
  return runs;
}

function pixelsOf(rle: Any): Bitmap & { data: Uint8Array } {
  const runs = asRuns(rle);
  const data = new Uint8Array(runs.height * runs.width);
  decodeRuns(runs, data, 0);
  return { data, height: runs.height, width: runs.width };
}

const made = (height: number, width: number, at: (y: number, x: number) => number): Compressed => {
  const data = new Uint8Array(height * width);
  for (let x = 0; x < width; x++) for (let y = 0; y < height; y++) data[x * height + y] = at(y, x);
  return toRle(encodeRuns({ data, height, width }));
};

/** The mask mirrored left to right, or upside down. */
export function flip(rle: Any, axis: 'horizontal' | 'vertical'): Compressed {
  const { data, height, width } = pixelsOf(rle);
  return made(height, width, (y, x) =>
    axis === 'horizontal' ? data[(width - 1 - x) * height + y]! : data[x * height + height - 1 - y]!,
  );
}

/** The part of the mask under a box x, y, width, height of whole pixels; outside the mask is background. */
export function crop(rle: Any, box: readonly [number, number, number, number]): Compressed {
  const { data, height, width } = pixelsOf(rle);
  const [left, top, w, h] = box;
  checkPixels(h, w);
  return made(h, w, (y, x) =>
    x + left >= 0 && x + left < width && y + top >= 0 && y + top < height ? data[(x + left) * height + y + top]! : 0,
  );
}

/** The mask at another size: each pixel is the nearest one of the original (centres aligned). */
export function resize(rle: Any, newHeight: number, newWidth: number): Compressed {
  const { data, height, width } = pixelsOf(rle);
  checkPixels(newHeight, newWidth);
  const source = (i: number, from: number, to: number): number =>
    Math.min(from - 1, Math.floor(((i + 0.5) * from) / to));
  return made(newHeight, newWidth, (y, x) => data[source(x, width, newWidth) * height + source(y, height, newHeight)]!);
}

/**
 * The inner boundary: foreground within `distance` pixels (8-neighbourhood steps) of background or of the image border.
 *
 * @param distance default: 2 % of the image diagonal, at least 1
 * @source Cheng, Girshick, Dollár, Berg, Kirillov 2021, arXiv:2103.16562: mask minus its erosion, the border counting as background
 */
export function boundary(rle: Any, distance?: number): Compressed {
  return toRle(boundaryRuns(asRuns(rle), distance));
}

/**
 * Outlines of the mask as polygons along pixel edges, [x0, y0, x1, y1, ...]: of every connected part its outer contour, and of every
 * hole its own; parts that touch at a corner are one. Filling them by the even-odd rule gives the mask back.
 */
export const toPolygons = (rle: Any): number[][] => outlines(toRuns(rle));
