import * as tf from '@tensorflow/tfjs';
import { detached, greaterEqualMask } from '../../engine/kernels/index.js';
import type { HardestOptions } from './hardest.js';
import { setRows } from './overlap.js';
import { type LossTerm, quotient } from './term.js';

/** Keeps the mean over no pixel at 0. */
const TINY = 1e-7;

/**
 * Sigmoid cross-entropy of classes that may overlap, mean over the labelled pixels and the classes; 0 when there are none.
 *
 * @param logits  [R, K] float32, or [N, R, K] of N images
 * @param labels  [R] or [N, R] int32: bit k is class k; below 0: not counted
 * @param options share of each image's pixels that count, those with the largest loss; weights per class: the mean is then the weighted one
 */
export function binaryCrossEntropyLoss(
  logits: tf.Tensor,
  labels: tf.Tensor,
  { share, weights }: HardestOptions,
): LossTerm {
  const { rows, hot, labelled } = setRows(logits, labels);
  const [, R, K] = rows.shape;
  const terms = tf.sub(tf.softplus(rows), tf.mul(rows, hot));
  const weighted = weights === null ? terms : tf.mul(terms, tf.tensor1d([...weights], 'float32'));
  const counted = tf.squeeze(labelled, [2]) as tf.Tensor2D;
  const losses = tf.mul(tf.sum(weighted, 2), counted) as tf.Tensor2D;
  const each = weights === null ? K : weights.reduce((sum, weight) => sum + weight, 0);
  const meanOf = (sum: tf.Tensor, pixels: tf.Tensor): LossTerm =>
    quotient(tf.sum<tf.Scalar>(sum), tf.sum<tf.Scalar>(pixels), { least: TINY, times: Math.max(each, TINY) });
  if (share === 1) return meanOf(losses, counted);
  const count = Math.min(R, Math.max(1, Math.ceil(share * R)));
  const least = detached(() => tf.slice(tf.topk(losses, count).values, [0, count - 1], [-1, 1]));
  const chosen = greaterEqualMask(losses, least);
  return meanOf(tf.mul(losses, chosen), tf.mul(counted, chosen));
}
