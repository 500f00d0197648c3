import type { MaskPatch } from '../sample.js';

/** Closed lines around a mask and its holes: x y x y ... in pixels. */
export type OutlineLines = readonly (readonly number[])[];

/** Longest side of a mask whose edge is followed, cells; larger ones are looked at in as many. */
const SIDE = 64;

/** Follows the edges of a mask. A point is inside when the lines cross its left an odd number of times. */
export function outlineOf({ left, top, width, height, data }: MaskPatch): OutlineLines {
  const cells = Math.min(1, SIDE / Math.max(width, height));
  const [columns, rows] = [Math.max(1, Math.round(width * cells)), Math.max(1, Math.round(height * cells))];
  const isInside = (x: number, y: number): boolean => {
    if (x < 0 || y < 0 || x >= columns || y >= rows) return false;
    const [column, row] = [Math.floor(((x + 0.5) * width) / columns), Math.floor(((y + 0.5) * height) / rows)];
    return data[row * width + column] === 1;
  };
  const across = columns + 1;
  /** Ends of the edges that begin in a corner; the mask is to their right. */
  const edges = new Map<number, number[]>();
  const add = (x1: number, y1: number, x2: number, y2: number): void => {
    const from = y1 * across + x1;
    edges.set(from, [...(edges.get(from) ?? []), y2 * across + x2]);
  };
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      if (!isInside(x, y)) continue;
      if (!isInside(x, y - 1)) add(x, y, x + 1, y);
      if (!isInside(x + 1, y)) add(x + 1, y, x + 1, y + 1);
      if (!isInside(x, y + 1)) add(x + 1, y + 1, x, y + 1);
      if (!isInside(x - 1, y)) add(x, y + 1, x, y);
    }
  }
  const lines: number[][] = [];
  for (const [start, ends] of edges) {
    while (ends.length > 0) lines.push(cornersOf(start, edges));
  }
  const place = (corner: number): readonly number[] => [
    tenth(left + ((corner % across) * width) / columns),
    tenth(top + (Math.floor(corner / across) * height) / rows),
  ];
  return lines.map((corners) => corners.flatMap(place));
}

/** Takes the edges of one closed line; of it, the corners where it turns. */
function cornersOf(start: number, edges: ReadonlyMap<number, number[]>): number[] {
  const corners: number[] = [];
  let [at, direction] = [start, 0];
  do {
    const next = edges.get(at)?.pop();
    if (next === undefined) break;
    if (next - at !== direction) corners.push(at);
    [at, direction] = [next, next - at];
  } while (at !== start);
  return corners;
}

const tenth = (pixels: number): number => Math.round(pixels * 10) / 10;
