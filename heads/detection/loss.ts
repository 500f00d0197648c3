import * as tf from '@tensorflow/tfjs';
import { allReduceMean, taskCount } from '../../engine/collective.js';
import { notEqualMask, oneHot } from '../../engine/kernels/index.js';
import type { Losses, TargetTensors } from '../head.js';
import { type FocalOptions, focalLoss } from '../losses/focal.js';
import { huberLoss } from '../losses/huber.js';
import { EXCLUDED } from './matcher.js';

/** Outputs of the detection head. */
export type DetectionRaw = {
  /** [N, A, K] before the sigmoid. */
  readonly logits: tf.Tensor3D;
  /** [N, A, 4] ty tx th tw. */
  readonly offsets: tf.Tensor3D;
};

export interface DetectionLossOptions extends FocalOptions {
  readonly delta: number;
  readonly boxWeight: number;
}

/**
 * total = class + boxWeight * box, both divided by the matched anchors of the batch plus one; box also by the four
 * coordinates. In a cluster the batch is that of all processes: the mean of their losses is its loss. As in the release, an offset whose target is exactly 0 is not counted. Without objects `box` is 0 and `class` still teaches background.
 *
 * @param targets classes [N, A] int32, boxes [N, A, 4] float32, positives [N] float32: what the encoder writes
 * @source Tan et al. 2020, arXiv:1911.09070, section 5.1; normalisation of its release
 */
export function detectionLoss(
  raw: DetectionRaw,
  targets: TargetTensors,
  options: DetectionLossOptions,
): Losses<'class' | 'box'> {
  const classes = targets.classes as tf.Tensor2D;
  const boxes = targets.boxes as tf.Tensor3D;
  const [positives] = allReduceMean([tf.sum(targets.positives as tf.Tensor1D)]) as [tf.Scalar];
  const normaliser = tf.add(positives, 1 / taskCount());
  const hot = oneHot(classes, raw.logits.shape[2]) as tf.Tensor3D; // below 0: all zero
  const counted = tf.expandDims(notEqualMask(classes, EXCLUDED), 2); // [N, A, 1]
  const matched = notEqualMask(boxes, 0); // [N, A, 4]
  const focal = sumAll(tf.mul(focalLoss(raw.logits, hot, options), counted));
  const huber = sumAll(tf.mul(huberLoss(raw.offsets, boxes, options.delta), matched));
  const classTerm = tf.div<tf.Scalar>(focal, normaliser);
  const boxTerm = tf.div<tf.Scalar>(huber, tf.mul(normaliser, 4));
  return { total: tf.add(classTerm, tf.mul(boxTerm, options.boxWeight)), class: classTerm, box: boxTerm };
}

/** In stages: one long float32 sum loses digits on engines that add one by one. */
function sumAll(x: tf.Tensor3D): tf.Scalar {
  return tf.sum(tf.sum(tf.sum(x, 2), 1));
}
