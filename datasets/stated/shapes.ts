import { decodeMask } from '../decode/decodeMask.js';
import type { StatedImage, StatedObject } from './image.js';

/** Corners of the polygon that stands for a circle or ellipse. */
const CORNERS = 48;

/** An object of a polygon x0 y0 x1 y1 ...; null for fewer than three points, or numbers that are none. */
export function polygonObject(name: string, points: readonly number[]): StatedObject | null {
  if (points.length < 6 || points.length % 2 !== 0 || !points.every(Number.isFinite)) return null;
  return { name, box: null, segmentation: [points], ignored: false, area: null };
}

/** An object of two corners, in any order. */
export function boxObject(name: string, x1: number, y1: number, x2: number, y2: number): StatedObject {
  return { name, box: [x1, y1, x2, y2], segmentation: null, ignored: false, area: null };
}

/** A rectangle that is a region, too: x1 y1 x2 y2 as a polygon of four corners. */
export function rectangleObject(name: string, x1: number, y1: number, x2: number, y2: number): StatedObject {
  return { ...boxObject(name, x1, y1, x2, y2), segmentation: [[x1, y1, x2, y1, x2, y2, x1, y2]] };
}

/** An ellipse as a polygon. @param angle radians */
export function ellipseObject(
  name: string,
  centre: readonly [x: number, y: number],
  radii: readonly [x: number, y: number],
  angle = 0,
): StatedObject | null {
  const points = Array.from({ length: CORNERS }, (_, i) => {
    const turn = (2 * Math.PI * i) / CORNERS;
    const [x, y] = [radii[0] * Math.cos(turn), radii[1] * Math.sin(turn)];
    return [
      centre[0] + x * Math.cos(angle) - y * Math.sin(angle),
      centre[1] + x * Math.sin(angle) + y * Math.cos(angle),
    ];
  });
  return polygonObject(name, points.flat());
}

/** Pixels of an image whose masks are drawn. */
const MAX_MASK_PIXELS = 2 ** 28;

/** A part of an image: its first column and row, and its sides, pixels. */
export interface Window {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Whether a window lies inside an image that is not too large to be drawn. */
export const isInside = ({ left, top, width, height }: Window, size: StatedImage['size']): size is Size =>
  size !== null &&
  [left, top, width, height].every(Number.isInteger) &&
  left >= 0 &&
  top >= 0 &&
  width > 0 &&
  height > 0 &&
  left + width <= size.width &&
  top + height <= size.height &&
  size.width * size.height <= MAX_MASK_PIXELS;

type Size = NonNullable<StatedImage['size']>;

/** An object that is the pixels above 0 of a window, row by row. */
export function windowObject(
  name: string,
  { left, top, width, height }: Window,
  size: Size,
  pixels: ArrayLike<number>,
): StatedObject {
  // Run lengths, column by column, of nothing first.
  const counts: number[] = [];
  let [began, isOn, next] = [0, false, 0];
  const turn = (at: number): void => {
    counts.push(at - began);
    began = at;
    isOn = !isOn;
  };
  for (let x = 0; x < width; x++) {
    const first = (left + x) * size.height + top;
    if (isOn && first !== next) turn(next);
    for (let y = 0; y < height; y++) if ((pixels[y * width + x] as number) > 0 !== isOn) turn(first + y);
    next = first + height;
  }
  if (isOn) turn(next);
  counts.push(size.width * size.height - began);
  const segmentation = { size: [size.height, size.width], counts } as const;
  return { name, box: null, segmentation, ignored: false, area: null };
}

/**
 * An object that is the pixels above 0 of a PNG, of the part of the image that begins at a corner; null where it leaves the image.
 *
 * @throws DataError for what is no mask
 */
export async function maskObject(
  name: string,
  [x, y]: readonly [x: number, y: number],
  png: Uint8Array,
  size: Size,
): Promise<StatedObject | null> {
  const { data, width, height } = await decodeMask(png, { maxPixels: size.width * size.height });
  const window = { left: Math.round(x), top: Math.round(y), width, height };
  return isInside(window, size) ? windowObject(name, window, size, data) : null;
}
