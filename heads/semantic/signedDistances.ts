import { squaredDistances } from '../../datasets/evaluators/regions/distanceTransform.js';
import { valueAt } from '../../engine/checked.js';

/**
 * Signed distance of every pixel to the boundary of a class, which runs between pixels: below 0 inside, above 0 outside. 0
 * everywhere for a class without a boundary: one that is absent, or everywhere.
 *
 * @param labels [height * width] class index
 * @returns      [height * width] float32 pixels
 */
export function signedDistances(
  labels: ArrayLike<number>,
  label: number,
  [height, width]: readonly [height: number, width: number],
): Float32Array {
  const inside = new Uint8Array(labels.length);
  let count = 0;
  for (let at = 0; at < labels.length; at++) {
    if (labels[at] !== label) continue;
    inside[at] = 1;
    count++;
  }
  const distances = new Float32Array(labels.length);
  if (count === 0 || count === labels.length) return distances;
  const grid = { shape: [1, height, width], spacing: [1, 1, 1] } as const;
  const toInside = squaredDistances(inside, grid);
  const toOutside = squaredDistances(
    inside.map((value) => 1 - value),
    grid,
  );
  for (let at = 0; at < distances.length; at++) {
    distances[at] = inside[at] === 1 ? 0.5 - Math.sqrt(valueAt(toOutside, at)) : Math.sqrt(valueAt(toInside, at)) - 0.5;
  }
  return distances;
}
