import * as tf from '@tensorflow/tfjs';
import { allReduceMean, taskCount } from '../../engine/collective.js';
import { oneHot } from '../../engine/kernels/index.js';

/** Keeps the quotient finite where a class is neither predicted nor present. */
const TINY = 1e-7;

/**
 * Soft Dice loss over the batch: 1 - 2 |P T| / (|P| + |T|) with softmax probabilities, averaged over the classes;
 * a class without a labelled row counts 0. In a cluster the batch is that of all processes.
 *
 * @param logits [R, K] float32
 * @param labels [R] int32 class index; below 0: not counted
 * @param smooth rows per class that count as found whatever the prediction, 0 or more: added to |P T|, |P| and |T|
 * @returns      scalar in [0, 1]
 * @source Milletari et al. 2016, arXiv:1606.04797, in the form |P| + |T| of segmentation_models_pytorch
 */
export function diceLoss(logits: tf.Tensor2D, labels: tf.Tensor1D, smooth: number): tf.Scalar {
  const classes = logits.shape[1];
  const hot = oneHot(labels, classes); // rows below 0 are all zero
  const counted = tf.sum(hot, 1, true);
  const probabilities = tf.mul(tf.softmax(logits), counted);
  const sums = [tf.sum(hot, 0), tf.sum(tf.mul(probabilities, hot), 0), tf.sum(probabilities, 0)];
  const [truth, overlap, predicted] = allReduceMean(sums) as [tf.Tensor, tf.Tensor, tf.Tensor];
  const size = tf.add(predicted, truth);
  const calm = smooth / taskCount();
  const scores = tf.div(tf.mul(tf.add(overlap, calm), 2), tf.maximum(tf.add(size, 2 * calm), TINY));
  const present = tf.minimum(tf.mul(truth, taskCount()), 1);
  return tf.mean(tf.mul(tf.sub(1, scores), present));
}
