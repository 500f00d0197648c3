import * as tf from '@tensorflow/tfjs';
import type { FcosRaw } from './loss.js';

/**
 * The outputs of a network as boxes and scores: what `decodeFcos` makes of them, as tensors.
 *
 * @param points         [A, 3] x, y, pixels per cell
 * @param scoreThreshold of the class probability; less scores -1
 * @returns              boxes [N, A, 4] x1 y1 x2 y2, input pixels, and scores [N, A, K] in 0..1
 */
export function fcosAnswer(
  { logits, distances, centerness }: FcosRaw,
  points: Float32Array,
  scoreThreshold: number,
): { readonly boxes: tf.Tensor; readonly scores: tf.Tensor } {
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
  const probabilities = tf.sigmoid(logits);
  const scores = tf.sqrt(tf.mul(probabilities, tf.expandDims(tf.sigmoid(centerness), 2)));
  return {
    boxes: tf.add(tf.mul(distances, steps), middles),
    scores: tf.where(tf.greaterEqual(probabilities, scoreThreshold), scores, tf.fill(scores.shape, -1)),
  };
}
