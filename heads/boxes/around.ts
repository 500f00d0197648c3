import * as tf from '@tensorflow/tfjs';

/**
 * Boxes of which the distances from places to their sides are known.
 *
 * @param distances [N, A, 4] left, top, right, bottom, cells
 * @param points    [A, 3] x, y, pixels per cell
 * @returns         [N, A, 4] x1 y1 x2 y2, pixels
 */
export function boxesAround(distances: tf.Tensor, points: Float32Array): tf.Tensor3D {
  const count = points.length / 3;
  const rows = (of: (x: number, y: number, stride: number) => readonly number[]): tf.Tensor =>
    tf.tensor3d(
      Float32Array.from(
        Array.from({ length: count }, (_, i) => of(points[i * 3]!, points[i * 3 + 1]!, points[i * 3 + 2]!)).flat(),
      ),
      [1, count, 4],
    );
  const middles = rows((x, y) => [x, y, x, y]);
  const steps = rows((_, __, stride) => [-stride, -stride, stride, stride]);
  return tf.add<tf.Tensor3D>(tf.mul(distances, steps), middles);
}
