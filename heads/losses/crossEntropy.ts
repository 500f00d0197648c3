import * as tf from '@tensorflow/tfjs';
import { oneHot } from '../../engine/kernels/index.js';
import { type LossTerm, quotient } from './term.js';

/** Keeps the mean over no pixel at 0. */
const TINY = 1e-7;

/**
 * Softmax cross-entropy, mean over the labelled rows of the batch; 0 when there are none.
 *
 * @param logits  [R, K] float32
 * @param labels  [R] int32 class index; below 0: not counted
 * @param weights [K] per class, or null for 1; the mean is then the weighted one
 */
export function crossEntropyLoss(
  logits: tf.Tensor2D,
  labels: tf.Tensor1D,
  weights: readonly number[] | null,
): LossTerm {
  const classes = logits.shape[1];
  const hot = oneHot(labels, classes); // rows below 0 are all zero
  const weighted = weights === null ? hot : tf.mul(hot, tf.tensor1d([...weights], 'float32'));
  const total = tf.neg(tf.sum<tf.Scalar>(tf.mul(weighted, tf.logSoftmax(logits))));
  return quotient(total, tf.sum(weighted), { least: TINY });
}
