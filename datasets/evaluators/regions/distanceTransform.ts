import { checkGrid, type Grid, voxelsOf } from './grid.js';

/**
 * Squared Euclidean distance of every voxel to the nearest voxel of a mask, exact for any spacing: along each axis in turn the
 * lower envelope of parabolas. Time grows with the number of voxels alone.
 *
 * @param mask   [voxels], not 0: what distances are measured to
 * @returns      [voxels] float64, in squared units of the spacing; Infinity everywhere for an empty mask
 * @throws EspalierError for a mask of another size than the grid
 * @source Felzenszwalb, Huttenlocher 2012, "Distance Transforms of Sampled Functions", doi:10.4086/toc.2012.v008a019
 */
export function squaredDistances(mask: Uint8Array, grid: Grid): Float64Array {
  checkGrid(grid, mask);
  const [depth, height, width] = grid.shape;
  const [dz, dy, dx] = grid.spacing;
  const distances = new Float64Array(voxelsOf(grid.shape));
  alongRows(mask, distances, width, dx);
  const plane = height * width;
  const envelope = createEnvelope(Math.max(height, depth));
  for (let z = 0; z < depth && height > 1; z++) {
    for (let x = 0; x < width; x++) envelope(distances, z * plane + x, width, height, dy);
  }
  for (let at = 0; at < plane && depth > 1; at++) envelope(distances, at, plane, depth, dz);
  return distances;
}

/** The first axis needs no parabolas: the nearest voxel of the row is the last one seen from either side. */
function alongRows(mask: Uint8Array, distances: Float64Array, width: number, step: number): void {
  const square = step * step;
  for (let start = 0; start < mask.length; start += width) {
    const end = start + width;
    let last = Number.NEGATIVE_INFINITY;
    for (let i = start; i < end; i++) {
      if (mask[i] !== 0) last = i;
      distances[i] = (i - last) * (i - last) * square;
    }
    last = Number.POSITIVE_INFINITY;
    for (let i = end - 1; i >= start; i--) {
      if (mask[i] !== 0) last = i;
      const distance = (last - i) * (last - i) * square;
      if (distance < distances[i]!) distances[i] = distance;
    }
  }
}

/** Replaces the values of one line by the lower envelope of the parabolas that stand on them. */
type Envelope = (values: Float64Array, start: number, stride: number, count: number, step: number) => void;

function createEnvelope(longest: number): Envelope {
  /** Heights of the line's parabolas; the places of those on the envelope; where each of these begins to be lowest. */
  const heights = new Float64Array(longest);
  const places = new Int32Array(longest);
  const begins = new Float64Array(longest + 1);
  return (values, start, stride, count, step) => {
    const square = step * step;
    let top = -1;
    for (let q = 0, at = start; q < count; q++, at += stride) {
      const height = values[at]!;
      heights[q] = height;
      if (height === Number.POSITIVE_INFINITY) continue;
      let from = Number.NEGATIVE_INFINITY;
      while (top >= 0) {
        const p = places[top]!;
        from = ((height - heights[p]!) / square + (q - p) * (q + p)) / (2 * (q - p));
        if (from > begins[top]!) break;
        top--;
        from = Number.NEGATIVE_INFINITY;
      }
      top++;
      places[top] = q;
      begins[top] = from;
    }
    if (top < 0) return;
    begins[top + 1] = Number.POSITIVE_INFINITY;
    let lowest = 0;
    for (let q = 0, at = start; q < count; q++, at += stride) {
      while (begins[lowest + 1]! < q) lowest++;
      const p = places[lowest]!;
      values[at] = (q - p) * (q - p) * square + heights[p]!;
    }
  };
}
