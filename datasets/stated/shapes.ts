import type { StatedObject } from './image.js';

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
