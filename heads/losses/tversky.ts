import * as tf from '@tensorflow/tfjs';
import { overlapLoss, type RegionOptions } from './overlap.js';
import type { LossTerm } from './term.js';

/** Keeps the quotient finite where a class is neither predicted nor present, and the slope of a root where nothing is wrong. */
const TINY = 1e-7;

export interface TverskyOptions extends RegionOptions {
  /** Weight of pixels that are wrongly answered as the class. */
  readonly falsePositives: number;
  /** Weight of pixels of the class that are not answered as it; both 0.5: the Dice loss. */
  readonly falseNegatives: number;
  /** Power of the loss of each class; below 1 classes that are nearly right keep teaching, above 1 the others. Defaults to 1. */
  readonly power?: number;
  /** Pixels per class that count as found whatever the prediction, 0 or more. */
  readonly smooth: number;
}

/**
 * Tversky loss: 1 - |P T| / (|P T| + a |P not T| + b |T not P|) with softmax probabilities, averaged over the classes; with
 * a power other than 1 focal Tversky. A class without a labelled pixel counts 0.
 *
 * @param logits [R, K] float32, or [N, R, K] of N images
 * @param labels [R] or [N, R] int32 class index; below 0: not counted
 * @returns      a value in [0, 1]
 * @source Salehi et al. 2017, arXiv:1706.05721, equation 3; Abraham, Khan 2018, arXiv:1810.07842, equation 4, whose 1 / gamma
 * is the power
 */
export function tverskyLoss(logits: tf.Tensor, labels: tf.Tensor, options: TverskyOptions): LossTerm {
  const { falsePositives, falseNegatives, power = 1, smooth } = options;
  return overlapLoss(logits, labels, options, ({ truth, overlap, predicted }) => {
    const extra = tf.mul(tf.sub(predicted, overlap), falsePositives);
    const missed = tf.mul(tf.sub(truth, overlap), falseNegatives);
    const found = tf.add(overlap, smooth);
    const loss = tf.sub(1, tf.div(found, tf.maximum(tf.add(found, tf.add(extra, missed)), TINY)));
    return power === 1 ? loss : tf.exp(tf.mul(tf.log(tf.maximum(loss, TINY)), power));
  });
}
