import * as tf from '@tensorflow/tfjs';
import type { TargetTensors } from '../head.js';
import { type LossTerms, quotient } from '../losses/term.js';
import type { ClassificationConfig } from './config.js';
import type { ClassificationTargets } from './encoder.js';

/** Logits of the head, [N, K]. */
export type ClassificationRaw = tf.Tensor2D;

/** Keeps the mean over no weight at 0. */
const TINY = 1e-7;

/**
 * Cross-entropy of the classes, mean over the images: softmax where classes exclude each other, else the mean of the sigmoid
 * cross-entropies of all classes. With weights a mean of the same weights.
 *
 * @param targets what the encoder wrote: [N, K]
 * @source label smoothing: Szegedy et al. 2016, arXiv:1512.00567, section 7
 */
export function classificationLoss(
  logits: ClassificationRaw,
  { classes }: TargetTensors<ClassificationTargets>,
  {
    multiLabel,
    labelSmoothing,
    classWeights,
  }: Pick<ClassificationConfig, 'multiLabel' | 'labelSmoothing' | 'classWeights'>,
): LossTerms<'crossEntropy'> {
  const K = logits.shape[1];
  const share = multiLabel ? labelSmoothing / 2 : labelSmoothing / K;
  const smooth = labelSmoothing === 0 ? classes : tf.add(tf.mul(classes, 1 - labelSmoothing), share);
  const weights = classWeights === null ? null : tf.tensor1d([...classWeights], 'float32');
  const weighted = (values: tf.Tensor): tf.Tensor => (weights === null ? values : tf.mul(values, weights));
  const terms = multiLabel
    ? tf.sub(tf.softplus(logits), tf.mul(logits, smooth))
    : tf.neg(tf.mul(smooth, tf.logSoftmax(logits)));
  const sum = tf.sum<tf.Scalar>(weighted(terms));
  // An image weighs as its smoothed label does where classes exclude each other, else as all classes do.
  const count = tf.sum<tf.Scalar>(weighted(multiLabel ? tf.onesLike(logits) : smooth));
  return { crossEntropy: quotient(sum, count, { least: TINY }) };
}
