import type { Affine } from '../affine.js';
import type { GeometricOp } from './op.js';

/**
 * Each corner moves inwards by up to half of `value` of the sides.
 *
 * @source torchvision's RandomPerspective
 */
export const perspective: GeometricOp = {
  kind: 'geometric',
  value: 'largest move of a corner, part of half a side',
  limits: [0, 1],
  map: (distortion, { width, height }, random) => {
    const inwards = (side: number): number => (distortion * side * random.next()) / 2;
    return squareTo(width, height, [
      [inwards(width), inwards(height)],
      [width - inwards(width), inwards(height)],
      [width - inwards(width), height - inwards(height)],
      [inwards(width), height - inwards(height)],
    ]);
  },
};

type Point = readonly [x: number, y: number];

/**
 * The perspective that takes the corners of a rectangle from (0, 0) on to those of a quadrilateral, clockwise from the top left.
 *
 * @source Heckbert 1989, Fundamentals of Texture Mapping and Image Warping, 2.2.3
 */
export function squareTo(width: number, height: number, corners: readonly [Point, Point, Point, Point]): Affine {
  const [[x0, y0], [x1, y1], [x2, y2], [x3, y3]] = corners;
  const [dx1, dx2, sx] = [x1 - x2, x3 - x2, x0 - x1 + x2 - x3];
  const [dy1, dy2, sy] = [y1 - y2, y3 - y2, y0 - y1 + y2 - y3];
  const det = dx1 * dy2 - dx2 * dy1;
  const g = (sx * dy2 - dx2 * sy) / det;
  const h = (dx1 * sy - sx * dy1) / det;
  return [
    (x1 - x0 + g * x1) / width,
    (x3 - x0 + h * x3) / height,
    x0,
    (y1 - y0 + g * y1) / width,
    (y3 - y0 + h * y3) / height,
    y0,
    g / width,
    h / height,
  ];
}
