import type { Placement } from '../placement.js';

/**
 * A map of points: x' = a x + b y + c, y' = d x + e y + f. Coordinates are pixel edges: pixel i covers [i, i + 1),
 * its centre is i + 0.5. The same map moves image, boxes and masks.
 */
export type Affine = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

export const IDENTITY: Affine = [1, 0, 0, 0, 1, 0];

/** The map that does `first`, then `second`. */
export function compose(first: Affine, second: Affine): Affine {
  const [a, b, c, d, e, f] = first;
  const [p, q, r, s, t, u] = second;
  return [p * a + q * d, p * b + q * e, p * c + q * f + r, s * a + t * d, s * b + t * e, s * c + t * f + u];
}

/** Where a point goes. */
export const apply = ([a, b, c, d, e, f]: Affine, [x, y]: readonly [number, number]): readonly [number, number] => [
  a * x + b * y + c,
  d * x + e * y + f,
];

export function invert(affine: Affine): Affine {
  const [a, b, c, d, e, f] = affine;
  const det = a * e - b * d;
  return [e / det, -b / det, (b * f - c * e) / det, -d / det, a / det, (c * d - a * f) / det];
}

/** Factor by which the map changes areas. */
export const areaScale = ([a, b, , d, e]: Affine): number => Math.abs(a * e - b * d);

export const mirrorX = (width: number): Affine => [-1, 0, width, 0, 1, 0];

export const mirrorY = (height: number): Affine => [1, 0, 0, 0, -1, height];

/** A quarter turn clockwise of an image `height` pixels high, which becomes the new width. */
export const quarterTurn = (height: number): Affine => [0, -1, height, 1, 0, 0];

/** The map that lays an image as `placement` says. */
export const affineOf = (placement: Placement): Affine => [
  placement.scaleX,
  0,
  placement.offsetX,
  0,
  placement.scaleY,
  placement.offsetY,
];
