import { boxAt } from '../../datasets/boxAt.js';
import type { PointConfig } from '../boxes/points.js';

/** Side of the square that stands for a place, in cells of its map. */
const SIDE = 8;

/** Objects of one image, pixels of the network's input. */
export interface AssignableTruth {
  /** [M, 4] x1 y1 x2 y2. */
  readonly boxes: ArrayLike<number>;
  /** Objects that may have places: indices below M. */
  readonly objects: readonly number[];
}

/** Gives places to objects by where they lie; keeps its scratch memory from call to call. */
export type StaticAssigner = (truth: AssignableTruth, into: Int32Array) => void;

/**
 * Adaptive training sample selection: of each map the `topK` places nearest to an object's centre are its candidates; those
 * belong to it that lie inside its box and whose square overlaps it at least by the mean plus the standard deviation of its
 * candidates' IoU, or most where none does so. A place of several goes to the one that its square overlaps most.
 *
 * @param points [A, 3] of `createPoints`
 * @returns      writes [A] int32: index of the object, -1: none
 * @source Zhang et al. 2020, arXiv:1912.02424, algorithm 1, with one square of eight cells a place
 */
export function createAtss({ grids }: PointConfig, points: Float32Array, topK: number): StaticAssigner {
  const best = new Float64Array(points.length / 3);
  const finest = grids[0]?.stride ?? 0;
  return ({ boxes, objects }, into) => {
    into.fill(-1);
    best.fill(0);
    for (const m of objects) {
      const box = boxAt(boxes, m);
      const candidates = grids.flatMap((grid, level) => nearest(grid, offsetOf(grids, level), box, topK));
      const overlaps = candidates.map((place) => squareIou(points, place, box));
      const mean = overlaps.reduce((sum, iou) => sum + iou, 0) / Math.max(1, overlaps.length);
      const squares = overlaps.reduce((sum, iou) => sum + (iou - mean) ** 2, 0);
      const deviation = Math.sqrt(squares / Math.max(1, overlaps.length - 1));
      const threshold = Math.min(mean + deviation, Math.max(...overlaps));
      const reach = reachOf(box, finest);
      candidates.forEach((place, i) => {
        const iou = overlaps[i]!;
        const isInside = contains(reach, points[place * 3]!, points[place * 3 + 1]!);
        if (iou < threshold || !isInside || iou <= best[place]!) return;
        best[place] = iou;
        into[place] = m;
      });
    }
  };
}

/** Pixels that a place must be away from every side, as in the authors' code. */
const MARGIN = 0.01;

type Box = readonly [x1: number, y1: number, x2: number, y2: number];

/**
 * Where an object's places may lie: in its box, which is at least as wide and high as a cell of the finest map, so that no
 * object is without a place.
 */
export function reachOf([x1, y1, x2, y2]: Box, cell: number): Box {
  const least = cell + 4 * MARGIN; // also between two places it holds one
  const [widen, heighten] = [Math.max(0, least - (x2 - x1)) / 2, Math.max(0, least - (y2 - y1)) / 2];
  return [x1 - widen, y1 - heighten, x2 + widen, y2 + heighten];
}

function contains([x1, y1, x2, y2]: Box, x: number, y: number): boolean {
  return Math.min(x - x1, y - y1, x2 - x, y2 - y) > MARGIN;
}

type Grid = PointConfig['grids'][number];

/** Places before a map's first. */
export const offsetOf = (grids: readonly Grid[], level: number): number =>
  grids.slice(0, level).reduce((sum, { height, width }) => sum + height * width, 0);

/** Places of a map inside a box, row by row. */
export function placesInside({ height, width, stride }: Grid, offset: number, [x1, y1, x2, y2]: Box): number[] {
  const first = (low: number): number => Math.max(0, Math.floor((low + MARGIN) / stride - 0.5) + 1);
  const end = (high: number, count: number): number => Math.min(count, Math.ceil((high - MARGIN) / stride - 0.5));
  const places: number[] = [];
  for (let y = first(y1); y < end(y2, height); y++) {
    for (let x = first(x1); x < end(x2, width); x++) places.push(offset + y * width + x);
  }
  return places;
}

/** The places of a map nearest to a box's centre, nearest first; of equals the first. */
function nearest({ height, width, stride }: Grid, offset: number, [x1, y1, x2, y2]: Box, count: number): number[] {
  const [centreX, centreY] = [(x1 + x2) / 2 / stride - 0.5, (y1 + y2) / 2 / stride - 0.5];
  // What is nearest lies in a window around the cell of the centre; `count` cells to each side are always enough.
  const window = (centre: number, size: number): readonly [number, number] => {
    const middle = Math.min(Math.max(Math.round(centre), 0), size - 1);
    return [Math.max(0, middle - count), Math.min(size, middle + count + 1)];
  };
  const [fromY, toY] = window(centreY, height);
  const [fromX, toX] = window(centreX, width);
  const found: { readonly place: number; readonly distance: number }[] = [];
  for (let y = fromY; y < toY; y++) {
    for (let x = fromX; x < toX; x++) {
      const distance = (x - centreX) ** 2 + (y - centreY) ** 2;
      if (found.length === count && distance >= found[count - 1]!.distance) continue;
      let at = found.length;
      while (at > 0 && found[at - 1]!.distance > distance) at--;
      found.splice(at, 0, { place: offset + y * width + x, distance });
      if (found.length > count) found.pop();
    }
  }
  return found.map(({ place }) => place);
}

/** IoU of a place's square and a box. */
function squareIou(points: Float32Array, place: number, [x1, y1, x2, y2]: Box): number {
  const [x, y, stride] = [points[place * 3]!, points[place * 3 + 1]!, points[place * 3 + 2]!];
  const half = (SIDE * stride) / 2;
  const width = Math.min(x + half, x2) - Math.max(x - half, x1);
  const height = Math.min(y + half, y2) - Math.max(y - half, y1);
  if (width <= 0 || height <= 0) return 0;
  return (width * height) / ((x2 - x1) * (y2 - y1) + 4 * half * half - width * height);
}
