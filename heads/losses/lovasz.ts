import * as tf from '@tensorflow/tfjs';
import { cumsum, detached, gatherRows, sortRows } from '../../engine/kernels/index.js';
import { classRows, type RegionOptions } from './overlap.js';
import { type LossTerm, meanLoss, quotient } from './term.js';

/**
 * Lovasz-softmax loss: the convex extension of 1 - IoU, averaged over the classes that have a labelled pixel; 0 when there are
 * none. Over a batch it sorts the errors of all its pixels: in a cluster every process sorts those of its own part, and the mean
 * is taken.
 *
 * @param logits [R, K] float32, or [N, R, K] of N images
 * @param labels [R] or [N, R] int32 class index; below 0: not counted
 * @returns      a value in [0, 1]
 * @source Berman et al. 2018, arXiv:1705.08790, algorithm 1 and equation 11
 */
export function lovaszLoss(
  logits: tf.Tensor,
  labels: tf.Tensor,
  { over = 'batch', ...options }: RegionOptions = {},
): LossTerm {
  const { hot, probabilities } = classRows(logits, labels, options);
  const [N, R, K] = hot.shape;
  // 1 - p of the pixel's class, p of the others, 0 where it is ignored
  const errors = tf.sub(tf.add(hot, probabilities), tf.mul(tf.mul(hot, probabilities), 2)) as tf.Tensor3D;
  const images = over === 'batch' ? 1 : N;
  /** [N, R, K] -> a row for each class of what is sorted together. */
  const rowsOf = (map: tf.Tensor3D): tf.Tensor2D =>
    over === 'batch'
      ? tf.reshape(tf.transpose(map, [2, 0, 1]), [K, N * R])
      : tf.reshape(tf.transpose(map, [0, 2, 1]), [N * K, R]);
  const { values, indices } = sortRows(rowsOf(errors));
  const rows = rowsOf(hot);
  const slopes = detached(() => slopesOf(sortedBy(rows, indices)));
  const losses = tf.reshape(tf.sum(tf.mul(values, slopes), 1), [images, K]);
  const present = tf.reshape(tf.minimum(tf.sum(rows, 1), 1), [images, K]);
  const means = tf.div(tf.sum(tf.mul(losses, present), 1), tf.maximum(tf.sum(present, 1), 1));
  const sum = tf.sum<tf.Scalar>(means);
  return over === 'batch' ? meanLoss(sum) : quotient(sum, tf.scalar(images));
}

function sortedBy(rows: tf.Tensor2D, indices: tf.Tensor2D): tf.Tensor2D {
  const [count, length] = rows.shape;
  return tf.reshape(gatherRows(tf.reshape(rows, [count, length, 1]), indices), [count, length]);
}

/**
 * By how much each pixel, taken as wrong after those before it, lowers the IoU. Written as one quotient: the difference of two
 * losses near each other has no digits left in float32.
 *
 * @param hot [rows, pixels] 1 where the pixel has the class, the largest error first
 */
function slopesOf(hot: tf.Tensor2D): tf.Tensor2D {
  const other = tf.sub(1, hot);
  const rest = tf.sub(tf.sum(hot, 1, true), cumsum(hot, 1)); // pixels of the class that are still right
  const union = tf.add(tf.sum(hot, 1, true), cumsum(other, 1));
  const lost = tf.add(hot, tf.div(tf.mul(other, rest), tf.maximum(tf.sub(union, 1), 1)));
  return tf.div(lost, tf.maximum(union, 1)) as tf.Tensor2D;
}
