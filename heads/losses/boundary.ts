import * as tf from '@tensorflow/tfjs';
import { classRows, type RegionOptions } from './overlap.js';
import { type LossTerm, quotient } from './term.js';

/** Keeps the mean over no pixel at 0. */
const TINY = 1e-7;

/**
 * Boundary loss: softmax probabilities weighed by the signed distance to the boundary of their class, summed over the classes,
 * mean over the labelled pixels; 0 when there are none. It is meant beside a loss of regions, with a small weight.
 *
 * @param logits    [R, K] float32, or [N, R, K] of N images
 * @param labels    [R] or [N, R] int32 class index; below 0: not counted
 * @param distances [R, K] or [N, R, K] float32 pixels: negative inside of the class, 0 everywhere for a class without a boundary
 * @returns         a value below 0 where most of what is answered lies inside
 * @source Kervadec et al. 2019, arXiv:1812.07032, equation 5
 */
export function boundaryLoss(
  logits: tf.Tensor,
  labels: tf.Tensor,
  distances: tf.Tensor,
  { background = true, overlaps = false }: Pick<RegionOptions, 'background' | 'overlaps'> = {},
): LossTerm {
  const { probabilities, labelled } = classRows(logits, labels, { background, overlaps });
  const [N, R, K] = probabilities.shape;
  const map = tf.reshape(distances, [N, R, -1]) as tf.Tensor3D;
  const weights = background || overlaps ? map : tf.slice(map, [0, 0, 1], [-1, -1, K]);
  return quotient(tf.sum<tf.Scalar>(tf.mul(probabilities, weights)), tf.sum<tf.Scalar>(labelled), { least: TINY });
}
