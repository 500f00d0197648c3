import * as tf from '@tensorflow/tfjs';
import { overlapLoss, type RegionOptions } from './overlap.js';
import type { LossTerm } from './term.js';

/** Keeps the quotient finite where a class is neither predicted nor present. */
const TINY = 1e-7;

/**
 * Soft Dice loss: 1 - 2 |P T| / (|P| + |T|) with softmax probabilities, averaged over the classes; a class without a labelled
 * pixel counts 0.
 *
 * @param logits [R, K] float32, or [N, R, K] of N images
 * @param labels [R] or [N, R] int32 class index; below 0: not counted
 * @param smooth pixels per class that count as found whatever the prediction, 0 or more: added to |P T|, |P| and |T|
 * @returns      a value in [0, 1]
 * @source Milletari et al. 2016, arXiv:1606.04797, in the form |P| + |T| of segmentation_models_pytorch
 */
export function diceLoss(logits: tf.Tensor, labels: tf.Tensor, smooth: number, options: RegionOptions = {}): LossTerm {
  return overlapLoss(logits, labels, options, ({ truth, overlap, predicted }) => {
    const size = tf.add(predicted, truth);
    return tf.sub(1, tf.div(tf.mul(tf.add(overlap, smooth), 2), tf.maximum(tf.add(size, 2 * smooth), TINY)));
  });
}
