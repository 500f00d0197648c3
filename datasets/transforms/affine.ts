import type { Placement } from '../placement.js';

/**
 * A map of points: x' = (a x + b y + c) / w, y' = (d x + e y + f) / w with w = g x + h y + i, 0 on the horizon and above it before it;
 * without g, h and i an affine one, w = 1. Coordinates are pixel edges: pixel n covers [n, n + 1), its centre is n + 0.5. The same map
 * moves image, boxes and masks.
 */
export type Affine = readonly [
  a: number,
  b: number,
  c: number,
  d: number,
  e: number,
  f: number,
  g?: number,
  h?: number,
  i?: number,
];

export const IDENTITY: Affine = [1, 0, 0, 0, 1, 0];

/** Whether parallel lines stay so. */
export const isAffine = ([, , , , , , g = 0, h = 0, i = 1]: Affine): boolean => g === 0 && h === 0 && i === 1;

/** Whether rows and columns stay rows and columns: the map is made of scales, mirrors, quarter turns and shifts. */
export const isAligned = (map: Affine): boolean => {
  const [a, b, , d, e] = map;
  return isAffine(map) && ((b === 0 && d === 0) || (a === 0 && e === 0));
};

/** The map that does `first`, then `second`. */
export function compose(first: Affine, second: Affine): Affine {
  const [a, b, c, d, e, f, g = 0, h = 0, i = 1] = first;
  const [p, q, r, s, t, u, v = 0, w = 0, z = 1] = second;
  if (isAffine(first) && isAffine(second)) {
    return [p * a + q * d, p * b + q * e, p * c + q * f + r, s * a + t * d, s * b + t * e, s * c + t * f + u];
  }
  return [
    p * a + q * d + r * g,
    p * b + q * e + r * h,
    p * c + q * f + r * i,
    s * a + t * d + u * g,
    s * b + t * e + u * h,
    s * c + t * f + u * i,
    v * a + w * d + z * g,
    v * b + w * e + z * h,
    v * c + w * f + z * i,
  ];
}

/** Where a point goes. */
export function apply(
  [a, b, c, d, e, f, g = 0, h = 0, i = 1]: Affine,
  [x, y]: readonly [number, number],
): readonly [number, number] {
  const w = g * x + h * y + i;
  return [(a * x + b * y + c) / w, (d * x + e * y + f) / w];
}

/** The map that takes points back; what lies before the horizon still does. */
export function invert(map: Affine): Affine {
  const [a, b, c, d, e, f, g = 0, h = 0, i = 1] = map;
  if (isAffine(map)) {
    const det = a * e - b * d;
    return [e / det, -b / det, (b * f - c * e) / det, -d / det, a / det, (c * d - a * f) / det];
  }
  const det = determinant(map);
  return [
    (e * i - f * h) / det,
    (c * h - b * i) / det,
    (b * f - c * e) / det,
    (f * g - d * i) / det,
    (a * i - c * g) / det,
    (c * d - a * f) / det,
    (d * h - e * g) / det,
    (b * g - a * h) / det,
    (a * e - b * d) / det,
  ];
}

const determinant = ([a, b, c, d, e, f, g = 0, h = 0, i = 1]: Affine): number =>
  a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);

/** Factor by which the map changes areas; of a perspective, at the origin. */
export const areaScale = (map: Affine): number => areaScaleAt(map, 0, 0);

/** The same at a point. */
export function areaScaleAt(map: Affine, x: number, y: number): number {
  const [a, b, , d, e, , g = 0, h = 0, i = 1] = map;
  if (isAffine(map)) return Math.abs(a * e - b * d);
  return Math.abs(determinant(map) / (g * x + h * y + i) ** 3);
}

export const mirrorX = (width: number): Affine => [-1, 0, width, 0, 1, 0];

export const mirrorY = (height: number): Affine => [1, 0, 0, 0, -1, height];

export const shift = (x: number, y: number): Affine => [1, 0, x, 0, 1, y];

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

/** What lies nearer to the horizon of a perspective, w = 0, is not seen: it would be infinitely large. */
const NEAREST = 1e-3;

/** Smallest upright rectangle round the image of a rectangle, of a perspective of its part before the horizon; without a side where there is none. */
export function hullOf(
  map: Affine,
  [x1, y1, x2, y2]: readonly [x1: number, y1: number, x2: number, y2: number],
): readonly [left: number, top: number, right: number, bottom: number] {
  const [a, b, c, d, e, f, g = 0, h = 0, i = 1] = map;
  if (isAffine(map)) {
    return [
      c + Math.min(a * x1, a * x2) + Math.min(b * y1, b * y2),
      f + Math.min(d * x1, d * x2) + Math.min(e * y1, e * y2),
      c + Math.max(a * x1, a * x2) + Math.max(b * y1, b * y2),
      f + Math.max(d * x1, d * x2) + Math.max(e * y1, e * y2),
    ];
  }
  const distance = ([x, y]: readonly [number, number]): number => g * x + h * y + i - NEAREST;
  const corners = [[x1, y1] as const, [x2, y1] as const, [x2, y2] as const, [x1, y2] as const];
  const seen = corners.flatMap((from, at) => {
    const to = corners[(at + 1) % corners.length] ?? from;
    const [own, next] = [distance(from), distance(to)];
    const part = own / (own - next);
    const crossing = [from[0] + part * (to[0] - from[0]), from[1] + part * (to[1] - from[1])] as const;
    return [...(own >= 0 ? [from] : []), ...(own < 0 !== next < 0 ? [crossing] : [])];
  });
  if (seen.length === 0) return [0, 0, 0, 0];
  const moved = seen.map((point) => apply(map, point));
  const across = moved.map(([x]) => x);
  const down = moved.map(([, y]) => y);
  return [Math.min(...across), Math.min(...down), Math.max(...across), Math.max(...down)];
}
