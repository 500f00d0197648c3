import * as tf from '@tensorflow/tfjs';
import { notEqualMask, oneHot } from '../../engine/kernels/index.js';
import type { TargetTensors } from '../head.js';
import { type FocalOptions, focalLoss } from '../losses/focal.js';
import { huberLoss } from '../losses/huber.js';
import { type LossTerms, quotient } from '../losses/term.js';
import type { RetinaTargets } from './encoder.js';
import { EXCLUDED } from './matcher.js';

/** Outputs of the detection head. */
export type RetinaRaw = {
  /** [N, A, K] before the sigmoid. */
  readonly logits: tf.Tensor3D;
  /** [N, A, 4] ty tx th tw. */
  readonly offsets: tf.Tensor3D;
};

export interface RetinaLossOptions extends FocalOptions {
  readonly delta: number;
  readonly boxWeight: number;
}

/**
 * total = class + boxWeight * box, both divided by the matched anchors of the batch plus one; box also by the four
 * coordinates. As in the release, an offset whose target is exactly 0 is not counted. Without objects `box` is 0 and `class` still teaches background.
 *
 * @param targets classes [N, A] int32, boxes [N, A, 4] float32, positives [N] float32: what the encoder writes
 * @source Tan et al. 2020, arXiv:1911.09070, section 5.1; normalisation of its release
 */
export function retinaLoss(
  raw: RetinaRaw,
  targets: TargetTensors<RetinaTargets>,
  options: RetinaLossOptions,
): LossTerms<'class' | 'box'> {
  const { classes, boxes } = targets;
  const positives = tf.sum<tf.Scalar>(targets.positives);
  const hot = oneHot(classes, raw.logits.shape[2]) as tf.Tensor3D; // below 0: all zero
  const counted = tf.expandDims(notEqualMask(classes, EXCLUDED), 2); // [N, A, 1]
  const matched = notEqualMask(boxes, 0); // [N, A, 4]
  const focal = sumAll(tf.mul(focalLoss(raw.logits, hot, options), counted));
  const huber = sumAll(tf.mul(huberLoss(raw.offsets, boxes, options.delta), matched));
  return {
    class: quotient(focal, positives, { plus: 1 }),
    box: quotient(huber, positives, { plus: 1, times: 4, weight: options.boxWeight }),
  };
}

/** In stages: one long float32 sum loses digits on engines that add one by one. */
function sumAll(x: tf.Tensor3D): tf.Scalar {
  return tf.sum(tf.sum(tf.sum(x, 2), 1));
}
