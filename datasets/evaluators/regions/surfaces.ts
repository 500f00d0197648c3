import { squaredDistances } from './distanceTransform.js';
import { croppedTo, type Grid } from './grid.js';

/** Distances between the surfaces of two masks, both ascending, in the unit of the spacing. */
export interface SurfaceDistances {
  /** Distance of every surface voxel of the truth to the nearest one of the prediction. */
  readonly toAnswer: Float64Array;
  /** Distance of every surface voxel of the prediction to the nearest one of the truth. */
  readonly toTruth: Float64Array;
}

/**
 * Distances between two surfaces: the voxels of a mask that have a neighbour outside of it across a face, or lie at the edge
 * of the grid.
 *
 * @param truth  [voxels], not 0: inside
 * @param answer the same
 * @returns null when either mask is empty: there is no distance to nothing
 * @throws EspalierError for a mask of another size than the grid
 */
export function surfaceDistances(truth: Uint8Array, answer: Uint8Array, whole: Grid): SurfaceDistances | null {
  const cropped = croppedTo(whole, truth, answer);
  if (!cropped) return null;
  const { grid } = cropped;
  const isFlat = whole.shape[0] === 1;
  const [ofTruth, ofAnswer] = cropped.masks.map((mask) => surfaceOf(mask, grid.shape, isFlat)) as [Surface, Surface];
  if (ofTruth.count === 0 || ofAnswer.count === 0) return null;
  return { toAnswer: nearest(ofTruth, ofAnswer, grid), toTruth: nearest(ofAnswer, ofTruth, grid) };
}

/** The largest distance between two surfaces, or the given percentile of each direction's, whichever direction is larger. */
export function hausdorffDistance({ toAnswer, toTruth }: SurfaceDistances, percentile = 100): number {
  return Math.max(percentileOf(toAnswer, percentile), percentileOf(toTruth, percentile));
}

/** The mean over the voxels of both surfaces. */
export function averageSurfaceDistance({ toAnswer, toTruth }: SurfaceDistances): number {
  return (sum(toAnswer) + sum(toTruth)) / (toAnswer.length + toTruth.length);
}

/**
 * Share of the voxels of both surfaces that are no farther than the tolerance from the other one.
 *
 * @source Nikolov et al. 2018, arXiv:1809.04430, section 4.4
 */
export function surfaceDice({ toAnswer, toTruth }: SurfaceDistances, tolerance: number): number {
  const within = (sorted: Float64Array): number => {
    const first = sorted.findIndex((distance) => distance > tolerance);
    return first < 0 ? sorted.length : first;
  };
  return (within(toAnswer) + within(toTruth)) / (toAnswer.length + toTruth.length);
}

interface Surface {
  /** [voxels] 1 on the surface. */
  readonly mask: Uint8Array;
  readonly count: number;
}

function surfaceOf(mask: Uint8Array, [depth, height, width]: Grid['shape'], isFlat: boolean): Surface {
  const surface = new Uint8Array(mask.length);
  const plane = height * width;
  let count = 0;
  let at = 0;
  for (let z = 0; z < depth; z++) {
    const isEnd = !isFlat && (z === 0 || z === depth - 1);
    for (let y = 0; y < height; y++) {
      const isEdge = isEnd || y === 0 || y === height - 1;
      for (let x = 0; x < width; x++, at++) {
        if (mask[at] === 0) continue;
        const isInner =
          !isEdge &&
          x > 0 &&
          x < width - 1 &&
          mask[at - 1] !== 0 &&
          mask[at + 1] !== 0 &&
          mask[at - width] !== 0 &&
          mask[at + width] !== 0 &&
          (isFlat || (mask[at - plane] !== 0 && mask[at + plane] !== 0));
        if (isInner) continue;
        surface[at] = 1;
        count++;
      }
    }
  }
  return { mask: surface, count };
}

function nearest(from: Surface, to: Surface, grid: Grid): Float64Array {
  const squares = squaredDistances(to.mask, grid);
  const distances = new Float64Array(from.count);
  let next = 0;
  for (let at = 0; at < squares.length; at++) {
    if (from.mask[at] !== 0) distances[next++] = Math.sqrt(squares[at]!);
  }
  return distances.sort();
}

/** Between the two nearest values, in proportion: numpy's default. */
function percentileOf(sorted: Float64Array, percentile: number): number {
  const at = ((sorted.length - 1) * percentile) / 100;
  const below = sorted[Math.floor(at)]!;
  return below + (at - Math.floor(at)) * (sorted[Math.ceil(at)]! - below);
}

function sum(values: Float64Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
