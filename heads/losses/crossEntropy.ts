import * as tf from '@tensorflow/tfjs';
import { allReduceMean } from '../../engine/collective.js';
import { oneHot } from '../../engine/kernels/index.js';

/** Keeps the mean over no pixel at 0. */
const TINY = 1e-7;

/**
 * Softmax cross-entropy, mean over the labelled rows; 0 when there are none. In a cluster the mean of the
 * processes' losses is that of all their rows.
 *
 * @param logits  [R, K] float32
 * @param labels  [R] int32 class index; below 0: not counted
 * @param weights [K] per class, or null for 1; the mean is then the weighted one
 * @returns       scalar
 */
export function crossEntropyLoss(
  logits: tf.Tensor2D,
  labels: tf.Tensor1D,
  weights: readonly number[] | null,
): tf.Scalar {
  const classes = logits.shape[1];
  const hot = oneHot(labels, classes); // rows below 0 are all zero
  const weighted = weights === null ? hot : tf.mul(hot, tf.tensor1d([...weights], 'float32'));
  const total = tf.neg(tf.sum(tf.mul(weighted, tf.logSoftmax(logits))));
  const [counted] = allReduceMean([tf.sum(weighted)]) as [tf.Scalar];
  return tf.div(total, tf.maximum(counted, TINY));
}
