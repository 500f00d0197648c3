import * as tf from '@tensorflow/tfjs';
import { oneHot } from '../../engine/kernels/index.js';
import type { LossTerm } from './term.js';

/** Keeps the quotient finite where a class is neither predicted nor present. */
const TINY = 1e-7;

/**
 * Soft Dice loss over the batch: 1 - 2 |P T| / (|P| + |T|) with softmax probabilities, averaged over the classes;
 * a class without a labelled row counts 0.
 *
 * @param logits [R, K] float32
 * @param labels [R] int32 class index; below 0: not counted
 * @param smooth rows per class that count as found whatever the prediction, 0 or more: added to |P T|, |P| and |T|
 * @returns      a value in [0, 1]
 * @source Milletari et al. 2016, arXiv:1606.04797, in the form |P| + |T| of segmentation_models_pytorch
 */
export function diceLoss(logits: tf.Tensor2D, labels: tf.Tensor1D, smooth: number): LossTerm {
  const classes = logits.shape[1];
  const hot = oneHot(labels, classes); // rows below 0 are all zero
  const counted = tf.sum(hot, 1, true);
  const probabilities = tf.mul(tf.softmax(logits), counted);
  return {
    sums: [tf.sum(hot, 0), tf.sum(tf.mul(probabilities, hot), 0), tf.sum(probabilities, 0)],
    value: (totals) => {
      const [truth, overlap, predicted] = totals as [tf.Tensor, tf.Tensor, tf.Tensor];
      const size = tf.add(predicted, truth);
      const scores = tf.div(tf.mul(tf.add(overlap, smooth), 2), tf.maximum(tf.add(size, 2 * smooth), TINY));
      return tf.mean(tf.mul(tf.sub(1, scores), tf.minimum(truth, 1)));
    },
    weight: 1,
  };
}
