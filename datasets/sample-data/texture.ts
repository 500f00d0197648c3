import type { Random } from '../../engine/random.js';
import { edgeDistance, type Outline } from './outline.js';

/** A picture of one channel while it is drawn. */
export interface Plane {
  /** [height * width] */
  readonly data: Float64Array;
  readonly width: number;
  readonly height: number;
}

export const createPlane = (width: number, height: number): Plane => ({
  data: new Float64Array(width * height),
  width,
  height,
});

/** Random values on a grid of `cell` pixels, smooth between: about zero mean, deviation 1 at its points. */
export function smoothNoise(width: number, height: number, cell: number, random: Random): Float64Array {
  const [columns, rows] = [Math.ceil(width / cell) + 1, Math.ceil(height / cell) + 1];
  const grid = Float64Array.from({ length: columns * rows }, () => random.normal());
  const noise = new Float64Array(width * height);
  const ease = (t: number): number => t * t * (3 - 2 * t);
  for (let y = 0, i = 0; y < height; y++) {
    const [row, v] = [Math.floor(y / cell), ease((y % cell) / cell)];
    for (let x = 0; x < width; x++, i++) {
      const at = row * columns + Math.floor(x / cell);
      const u = ease((x % cell) / cell);
      const above = (grid[at] as number) * (1 - u) + (grid[at + 1] as number) * u;
      const below = (grid[at + columns] as number) * (1 - u) + (grid[at + columns + 1] as number) * u;
      noise[i] = above * (1 - v) + below * v;
    }
  }
  return noise;
}

/** Noise of several grains added up. @param grains [cell in pixels, deviation] */
export function grained(
  width: number,
  height: number,
  grains: readonly (readonly [cell: number, deviation: number])[],
  random: Random,
): Float64Array {
  const sum = new Float64Array(width * height);
  for (const [cell, deviation] of grains) {
    const noise = smoothNoise(width, height, cell, random);
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + deviation * (noise[i] as number);
  }
  return sum;
}

/** Calls back for each pixel within `margin` edge distances, with how far it is to the edge: 0 the centre, 1 the edge. */
export function eachInside(
  { width, height }: Pick<Plane, 'width' | 'height'>,
  outline: Outline,
  margin: number,
  visit: (at: number, part: number) => void,
): void {
  const reach = outline.radius * 1.5 * margin;
  const [x0, x1] = [Math.max(0, Math.floor(outline.x - reach)), Math.min(width - 1, Math.ceil(outline.x + reach))];
  const [y0, y1] = [Math.max(0, Math.floor(outline.y - reach)), Math.min(height - 1, Math.ceil(outline.y + reach))];
  for (let y = y0; y <= y1; y++) {
    for (let x = x0; x <= x1; x++) {
      const [dx, dy] = [x + 0.5 - outline.x, y + 0.5 - outline.y];
      const part = Math.sqrt(dx * dx + dy * dy) / edgeDistance(outline, Math.atan2(dy, dx));
      if (part < margin) visit(y * width + x, part);
    }
  }
}

/** A line that bends: where it is at 0..1, and half of its width there, pixels. */
interface Curve {
  readonly at: (t: number) => readonly [x: number, y: number];
  readonly radius: (t: number) => number;
}

/** Pixels that a curve covers and how far, 0..1, soft across. */
export function curveCover(
  { width, height }: Pick<Plane, 'width' | 'height'>,
  { at, radius }: Curve,
): ReadonlyMap<number, number> {
  const cover = new Map<number, number>();
  const [[x0, y0], [xm, ym], [x1, y1]] = [at(0), at(0.5), at(1)];
  const steps = Math.ceil(2 * (Math.abs(xm - x0) + Math.abs(ym - y0) + Math.abs(x1 - xm) + Math.abs(y1 - ym))) + 2;
  for (let step = 0; step <= steps; step++) {
    const t = step / steps;
    const [x, y] = at(t);
    const half = radius(t);
    const reach = Math.ceil(2.2 * half);
    for (let v = Math.max(0, Math.floor(y) - reach); v <= Math.min(height - 1, Math.floor(y) + reach); v++) {
      for (let u = Math.max(0, Math.floor(x) - reach); u <= Math.min(width - 1, Math.floor(x) + reach); u++) {
        const distance = ((u + 0.5 - x) ** 2 + (v + 0.5 - y) ** 2) / (half * half);
        const i = v * width + u;
        cover.set(i, Math.max(cover.get(i) ?? 0, Math.exp(-distance)));
      }
    }
  }
  return cover;
}

/** Adds a line that is as bright as `height` in its middle. */
export function addCurve(plane: Plane, curve: Curve, height: number): void {
  for (const [i, cover] of curveCover(plane, curve)) plane.data[i] = (plane.data[i] as number) + height * cover;
}
