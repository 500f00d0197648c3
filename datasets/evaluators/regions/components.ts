import { checkGrid, type Grid } from './grid.js';

/**
 * Which voxels are neighbours: `faces` 4 in an image and 6 in a stack, `full` 8 and 26, those that touch at a corner included.
 */
export type Connectivity = 'faces' | 'full';

export interface Components {
  /** [voxels] 0 outside of the mask, else the component's number, from 1 in the order of their first voxels. */
  readonly labels: Int32Array;
  readonly count: number;
  /** [count + 1] voxels of each component; 0 outside. */
  readonly sizes: Int32Array;
}

/**
 * Connected components of a mask: what is joined by neighbouring voxels, by flooding.
 *
 * @param mask [voxels], not 0: inside
 * @throws EspalierError for a mask of another size than the shape
 */
export function connectedComponents(mask: Uint8Array, shape: Grid['shape'], connectivity: Connectivity): Components {
  checkGrid({ shape, spacing: [1, 1, 1] }, mask);
  const [depth, height, width] = shape;
  const steps = stepsOf(shape, connectivity);
  const labels = new Int32Array(mask.length);
  const waiting = new Int32Array(mask.length);
  const sizes: number[] = [0];
  for (let first = 0; first < mask.length; first++) {
    if (mask[first] === 0 || labels[first] !== 0) continue;
    const label = sizes.length;
    let end = 0;
    labels[first] = label;
    waiting[end++] = first;
    for (let next = 0; next < end; next++) {
      const at = waiting[next]!;
      const x = at % width;
      const row = (at - x) / width;
      const y = row % height;
      const z = (row - y) / height;
      for (const { dz, dy, dx, offset } of steps) {
        const zz = z + dz;
        const yy = y + dy;
        const xx = x + dx;
        if (zz < 0 || yy < 0 || xx < 0 || zz >= depth || yy >= height || xx >= width) continue;
        const other = at + offset;
        if (mask[other] === 0 || labels[other] !== 0) continue;
        labels[other] = label;
        waiting[end++] = other;
      }
    }
    sizes.push(end);
  }
  return { labels, count: sizes.length - 1, sizes: Int32Array.from(sizes) };
}

function stepsOf([depth, height, width]: Grid['shape'], connectivity: Connectivity) {
  const axis = [-1, 0, 1];
  const flat = depth === 1 ? [0] : axis;
  return flat
    .flatMap((dz) => axis.flatMap((dy) => axis.map((dx) => ({ dz, dy, dx, offset: (dz * height + dy) * width + dx }))))
    .filter(({ dz, dy, dx }) => {
      const moved = Math.abs(dz) + Math.abs(dy) + Math.abs(dx);
      return connectivity === 'faces' ? moved === 1 : moved > 0;
    });
}
