import type { Placement } from '../placement.js';

/**
 * A map of points: x' = (a x + b y + c) / w, y' = (d x + e y + f) / w with w = g x + h y + 1; without g and h an affine one,
 * w = 1. Coordinates are pixel edges: pixel i covers [i, i + 1), its centre is i + 0.5. The same map moves image, boxes and masks.
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
];

export const IDENTITY: Affine = [1, 0, 0, 0, 1, 0];

/** Whether parallel lines stay so. */
export const isAffine = ([, , , , , , g = 0, h = 0]: Affine): boolean => g === 0 && h === 0;

/** Whether rows and columns stay rows and columns: the map is made of scales, mirrors, quarter turns and shifts. */
export const isAligned = (map: Affine): boolean => {
  const [a, b, , d, e] = map;
  return isAffine(map) && ((b === 0 && d === 0) || (a === 0 && e === 0));
};

/** The map that does `first`, then `second`. */
export function compose(first: Affine, second: Affine): Affine {
  const [a, b, c, d, e, f, g = 0, h = 0] = first;
  const [p, q, r, s, t, u, v = 0, w = 0] = second;
  if (isAffine(first) && isAffine(second)) {
    return [p * a + q * d, p * b + q * e, p * c + q * f + r, s * a + t * d, s * b + t * e, s * c + t * f + u];
  }
  return scaled([
    p * a + q * d + r * g,
    p * b + q * e + r * h,
    p * c + q * f + r,
    s * a + t * d + u * g,
    s * b + t * e + u * h,
    s * c + t * f + u,
    v * a + w * d + g,
    v * b + w * e + h,
    v * c + w * f + 1,
  ]);
}

/** Where a point goes; of an affine map. */
export const apply = ([a, b, c, d, e, f]: Affine, [x, y]: readonly [number, number]): readonly [number, number] => [
  a * x + b * y + c,
  d * x + e * y + f,
];

export function invert(map: Affine): Affine {
  const [a, b, c, d, e, f, g = 0, h = 0] = map;
  const det = a * e - b * d;
  if (isAffine(map)) return [e / det, -b / det, (b * f - c * e) / det, -d / det, a / det, (c * d - a * f) / det];
  return scaled([
    e - f * h,
    c * h - b,
    b * f - c * e,
    f * g - d,
    a - c * g,
    c * d - a * f,
    d * h - e * g,
    b * g - a * h,
    det,
  ]);
}

type Nine = readonly [number, number, number, number, number, number, number, number, number];

const scaled = ([a, b, c, d, e, f, g, h, i]: Nine): Affine => [a / i, b / i, c / i, d / i, e / i, f / i, g / i, h / i];

/** Factor by which the map changes areas; of a perspective, at the origin. */
export const areaScale = (map: Affine): number => areaScaleAt(map, 0, 0);

export function areaScaleAt([a, b, c, d, e, f, g = 0, h = 0]: Affine, x: number, y: number): number {
  if (g === 0 && h === 0) return Math.abs(a * e - b * d);
  const w = g * x + h * y + 1;
  return Math.abs((a * (e - f * h) - b * (d - f * g) + c * (d * h - e * g)) / w ** 3);
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

/** Smallest upright rectangle round the image of a rectangle. */
export function hullOf(
  map: Affine,
  [x1, y1, x2, y2]: readonly [x1: number, y1: number, x2: number, y2: number],
): readonly [left: number, top: number, right: number, bottom: number] {
  const [a, b, c, d, e, f, g = 0, h = 0] = map;
  if (g === 0 && h === 0) {
    return [
      c + Math.min(a * x1, a * x2) + Math.min(b * y1, b * y2),
      f + Math.min(d * x1, d * x2) + Math.min(e * y1, e * y2),
      c + Math.max(a * x1, a * x2) + Math.max(b * y1, b * y2),
      f + Math.max(d * x1, d * x2) + Math.max(e * y1, e * y2),
    ];
  }
  const corners = [x1, x2].flatMap((x) =>
    [y1, y2].map((y) => {
      const w = g * x + h * y + 1;
      return [(a * x + b * y + c) / w, (d * x + e * y + f) / w] as const;
    }),
  );
  const across = corners.map(([x]) => x);
  const down = corners.map(([, y]) => y);
  return [Math.min(...across), Math.min(...down), Math.max(...across), Math.max(...down)];
}
