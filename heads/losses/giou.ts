import * as tf from '@tensorflow/tfjs';

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

/** Area of the box: (left + right) * (top + bottom), each side through `bound`. */
function sides(distances: tf.Tensor, bound = (side: tf.Tensor): tf.Tensor => side): tf.Tensor {
  const [left, top, right, bottom] = tf.unstack(distances, -1) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
  return tf.mul(bound(tf.add(left, right)), bound(tf.add(top, bottom)));
}
