import * as tf from '@tensorflow/tfjs';
import { detached } from '../../engine/kernels/index.js';
import { unstackInto } from '../../engine/split.js';

/** Keeps quotients of boxes without an area finite. */
const TINY = 1e-7;

/**
 * Generalised IoU loss, 1 - GIoU, of boxes given by their distances from one place. Not reduced.
 *
 * @param predicted [..., 4] float32 left, top, right, bottom; below 0 where the place is outside
 * @param truth     the same shape
 * @returns         [...] in [0, 2]
 * @source Rezatofighi et al. 2019, arXiv:1902.09630, algorithm 1
 */
export function giouLoss(predicted: tf.Tensor, truth: tf.Tensor): tf.Tensor {
  const inner = sides(tf.minimum(predicted, truth), tf.relu);
  const outer = sides(tf.maximum(predicted, truth));
  const [first, second] = [sides(predicted), sides(truth)];
  const union = tf.sub(tf.add(first, second), inner);
  const iou = tf.div(inner, tf.add(union, TINY));
  const empty = tf.div(tf.sub(outer, union), tf.add(outer, TINY));
  return tf.add(tf.sub(1, iou), empty);
}

/** What an IoU loss adds where boxes do not overlap, or differ: the empty part around both, their distance, also their shapes. */
export const IOU_LOSSES = ['giou', 'diou', 'ciou'] as const;
export type IouLoss = (typeof IOU_LOSSES)[number];

/**
 * An IoU loss of boxes given by their distances from one place. Not reduced.
 *
 * @param predicted [..., 4] float32 left, top, right, bottom; below 0 where the place is outside
 * @param truth     the same shape; a constant to gradients
 * @returns         [...]
 * @source Rezatofighi et al. 2019, arXiv:1902.09630; Zheng et al. 2020, arXiv:1911.08287, equations 7 and 8
 */
export function iouLoss(predicted: tf.Tensor, truth: tf.Tensor, kind: IouLoss): tf.Tensor {
  if (kind === 'giou') return giouLoss(predicted, truth);
  const inner = sides(tf.minimum(predicted, truth), tf.relu);
  const iou = tf.div(inner, tf.add(tf.sub(tf.add(sides(predicted), sides(truth)), inner), TINY));
  const [first, second, both] = [extent(predicted), extent(truth), extent(tf.maximum(predicted, truth))];
  const across = tf.square(tf.sub(first.x, second.x));
  const down = tf.square(tf.sub(first.y, second.y));
  const diagonal = tf.add(tf.add(tf.square(both.width), tf.square(both.height)), TINY);
  const distance = tf.add(tf.sub(1, iou), tf.div(tf.add(across, down), diagonal));
  if (kind === 'diou') return distance;
  const angle = tf.sub(
    tf.atan(tf.div(second.width, tf.add(second.height, TINY))),
    tf.atan(tf.div(first.width, tf.add(first.height, TINY))),
  );
  const shape = tf.mul(tf.square(angle), 4 / Math.PI ** 2);
  const weight = detached(() => tf.div(shape, tf.add(tf.add(tf.sub(1, iou), shape), TINY)));
  return tf.add(distance, tf.mul(weight, shape));
}

/** Sides of a box, and its centre as seen from the place. */
function extent(distances: tf.Tensor) {
  const [left, top, right, bottom] = unstackInto(distances, 4, -1);
  return {
    width: tf.add(left, right),
    height: tf.add(top, bottom),
    x: tf.div(tf.sub(right, left), 2),
    y: tf.div(tf.sub(bottom, top), 2),
  };
}

/** Area of the box: (left + right) * (top + bottom), each side through `bound`. */
function sides(distances: tf.Tensor, bound = (side: tf.Tensor): tf.Tensor => side): tf.Tensor {
  const [left, top, right, bottom] = unstackInto(distances, 4, -1);
  return tf.mul(bound(tf.add(left, right)), bound(tf.add(top, bottom)));
}
