import * as tf from '@tensorflow/tfjs';
import { detached, greaterEqualMask, oneHot } from '../../engine/kernels/index.js';
import { type LossTerm, quotient } from './term.js';

/** Keeps the mean over no pixel at 0. */
const TINY = 1e-7;

export interface HardestOptions {
  /** Share of each image's pixels that count, those with the largest loss, above 0 to 1. Ties of the last one count, too. */
  readonly share: number;
  /** [K] per class, or null for 1; pixels are chosen by the weighted loss, and the mean is the weighted one. */
  readonly weights: readonly number[] | null;
}

/**
 * Softmax cross-entropy of the hardest pixels (top-k, or online hard example mining), mean over those that are labelled; 0 when
 * there are none.
 *
 * @param logits [R, K] float32, or [N, R, K] of N images
 * @param labels [R] or [N, R] int32 class index; below 0: never among the hardest
 * @source Wu et al. 2016, arXiv:1605.06885, section 2.2, with a share of the pixels in place of a threshold
 */
export function hardestCrossEntropyLoss(
  logits: tf.Tensor,
  labels: tf.Tensor,
  { share, weights }: HardestOptions,
): LossTerm {
  const [R = 0, K = 0] = logits.shape.slice(-2);
  const rows = tf.reshape(logits, [-1, R, K]) as tf.Tensor3D;
  const hot = tf.reshape(oneHot(tf.reshape(labels, [labels.size]), K), [-1, R, K]); // pixels below 0 are all zero
  const weighted = weights === null ? hot : tf.mul(hot, tf.tensor1d([...weights], 'float32'));
  const losses = tf.neg(tf.sum(tf.mul(weighted, tf.logSoftmax(rows)), 2));
  const count = Math.min(R, Math.max(1, Math.ceil(share * R)));
  const least = detached(() => tf.slice(tf.topk(losses, count).values, [0, count - 1], [-1, 1]));
  const chosen = greaterEqualMask(losses, least);
  return quotient(tf.sum<tf.Scalar>(tf.mul(losses, chosen)), tf.sum<tf.Scalar>(tf.mul(tf.sum(weighted, 2), chosen)), {
    least: TINY,
  });
}
