import * as tf from '@tensorflow/tfjs';
import { greaterEqualMask, notEqualMask, oneHot } from '../../engine/kernels/index.js';
import type { TargetTensors } from '../head.js';
import { type FocalOptions, focalLoss } from '../losses/focal.js';
import { type IouLoss, iouLoss } from '../losses/iou.js';
import { type LossTerms, quotient } from '../losses/term.js';
import { EXCLUDED, type FcosTargets } from './encoder.js';

/** Outputs of the head, the places of all maps one after the other. */
export type FcosRaw = {
  /** [N, A, K] before the sigmoid. */
  readonly logits: tf.Tensor3D;
  /** [N, A, 4] left, top, right, bottom, cells of the place's map. */
  readonly distances: tf.Tensor3D;
  /** [N, A] before the sigmoid. */
  readonly centerness: tf.Tensor2D;
};

export interface FcosLossOptions extends FocalOptions {
  readonly iou: IouLoss;
  readonly boxWeight: number;
  readonly centernessWeight: number;
}

/** Keeps the mean over no place at 0. */
const TINY = 1e-6;

/**
 * Focal loss of all places, divided by those that belong to an object; generalised IoU of these, weighted by their centre-ness
 * and divided by its sum; cross-entropy of their centre-ness.
 *
 * @source Tian et al. 2019, arXiv:1904.01355, equation 2, with the later version's box loss
 */
export function fcosLoss(
  raw: FcosRaw,
  { classes, distances, centerness, positives }: TargetTensors<FcosTargets>,
  options: FcosLossOptions,
): LossTerms<'class' | 'box' | 'centerness'> {
  const found = tf.sum<tf.Scalar>(positives);
  const hot = oneHot(classes, raw.logits.shape[2]) as tf.Tensor3D; // below 0: all zero
  const counted = tf.expandDims(notEqualMask(classes, EXCLUDED), 2); // [N, A, 1]
  const focal = sumAll(tf.mul(focalLoss(raw.logits, hot, options), counted), 3);
  const isFound = greaterEqualMask(classes, 0); // [N, A]
  const boxes = sumAll(tf.mul(iouLoss(raw.distances, distances, options.iou), centerness), 2);
  const entropy = tf.sub(tf.softplus(raw.centerness), tf.mul(raw.centerness, centerness));
  return {
    class: quotient(focal, found, { least: 1 }),
    box: quotient(boxes, sumAll(centerness, 2), { least: TINY, weight: options.boxWeight }),
    centerness: quotient(sumAll(tf.mul(entropy, isFound), 2), found, { least: 1, weight: options.centernessWeight }),
  };
}

/** Axis by axis: one long float32 sum loses digits on engines that add one by one. */
function sumAll(x: tf.Tensor, rank: number): tf.Scalar {
  let sum = x;
  for (let axis = rank - 1; axis >= 0; axis--) sum = tf.sum(sum, axis);
  return sum as tf.Scalar;
}
