import * as tf from '@tensorflow/tfjs';
import { boxesAround } from '../boxes/around.js';
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
  const probabilities = tf.sigmoid(logits);
  const scores = tf.sqrt(tf.mul(probabilities, tf.expandDims(tf.sigmoid(centerness), 2)));
  return {
    boxes: boxesAround(distances, points),
    scores: tf.where(tf.greaterEqual(probabilities, scoreThreshold), scores, tf.fill(scores.shape, -1)),
  };
}
