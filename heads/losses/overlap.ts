import * as tf from '@tensorflow/tfjs';
import { greaterEqualMask, oneHot } from '../../engine/kernels/index.js';
import { type LossTerm, quotient } from './term.js';

/** What losses of overlapping regions have in common. */
export interface RegionOptions {
  /**
   * What one figure per class is taken of: the pixels of the whole batch, or those of each image, whose losses are then averaged.
   * Defaults to batch.
   */
  readonly over?: 'batch' | 'sample';
  /** False: the first class, the background, is left out. Defaults to true. */
  readonly background?: boolean;
  /** True: classes may overlap: bit k of a label is class k, probabilities are sigmoids, and there is no background. Defaults to false. */
  readonly overlaps?: boolean;
}

/** Soft class maps with their truth; an ignored pixel is 0 in all of them. */
export interface ClassRows {
  /** [N, R, K] 1 at the pixel's class. */
  readonly hot: tf.Tensor3D;
  /** [N, R, K] softmax of the logits; sigmoid where classes may overlap. */
  readonly probabilities: tf.Tensor3D;
  /** [N, R, 1] 1 where a pixel is labelled. */
  readonly labelled: tf.Tensor3D;
}

/**
 * Logits and labels of classes that may overlap, pixel by pixel.
 *
 * @param logits [R, K], or [N, R, K] of N images
 * @param labels int32, [R] or [N, R]: bit k is class k; below 0: not labelled
 * @returns      rows [N, R, K], hot [N, R, K] 1 at the pixel's classes, labelled [N, R, 1]
 */
export function setRows(logits: tf.Tensor, labels: tf.Tensor) {
  const [R = 0, K = 0] = logits.shape.slice(-2);
  const rows = tf.reshape(logits, [-1, R, K]) as tf.Tensor3D;
  const values = tf.reshape(tf.cast(labels, 'float32'), [-1, R, 1]) as tf.Tensor3D;
  const labelled = greaterEqualMask(values, 0) as tf.Tensor3D;
  const bits = tf.tensor1d(Array.from({ length: K }, (_, k) => 2 ** k));
  const shifted = tf.floor(tf.div(tf.mul(values, labelled), bits));
  const hot = tf.sub(shifted, tf.mul(tf.floor(tf.div(shifted, 2)), 2)) as tf.Tensor3D;
  return { rows, hot, labelled };
}

/**
 * @param logits [R, K], or [N, R, K] of N images
 * @param labels int32 class index, [R] or [N, R]; below 0: not counted
 */
export function classRows(
  logits: tf.Tensor,
  labels: tf.Tensor,
  { background = true, overlaps = false }: Pick<RegionOptions, 'background' | 'overlaps'> = {},
): ClassRows {
  if (overlaps) {
    const { rows, hot, labelled } = setRows(logits, labels);
    return { hot, labelled, probabilities: tf.mul(tf.sigmoid(rows), labelled) as tf.Tensor3D };
  }
  const [R = 0, K = 0] = logits.shape.slice(-2);
  const rows = tf.reshape(logits, [-1, R, K]) as tf.Tensor3D;
  const hot = tf.reshape(oneHot(tf.reshape(labels, [labels.size]), K), [-1, R, K]) as tf.Tensor3D;
  const labelled = tf.sum(hot, 2, true) as tf.Tensor3D;
  const probabilities = tf.mul(tf.softmax(rows), labelled) as tf.Tensor3D;
  const kept = (map: tf.Tensor3D): tf.Tensor3D => (background ? map : tf.slice(map, [0, 0, 1], [-1, -1, K - 1]));
  return { hot: kept(hot), probabilities: kept(probabilities), labelled };
}

/** Pixels of each class: as labelled, as predicted, and both; [K], or [N, K] image by image. */
export interface SoftOverlap {
  readonly truth: tf.Tensor;
  readonly predicted: tf.Tensor;
  readonly overlap: tf.Tensor;
}

/**
 * A loss of the pixels that truth and prediction have in common, averaged over the classes; a class without a labelled pixel
 * counts 0.
 *
 * @param logits [R, K], or [N, R, K] of N images
 * @param labels int32 class index, [R] or [N, R]; below 0: not counted
 * @param lossOf of each class, from its counts
 */
export function overlapLoss(
  logits: tf.Tensor,
  labels: tf.Tensor,
  { over = 'batch', ...options }: RegionOptions,
  lossOf: (counts: SoftOverlap) => tf.Tensor,
): LossTerm {
  const { hot, probabilities } = classRows(logits, labels, options);
  const axes = over === 'batch' ? [0, 1] : 1;
  const sums = [tf.sum(hot, axes), tf.sum(tf.mul(probabilities, hot), axes), tf.sum(probabilities, axes)];
  const meanOf = (totals: readonly tf.Tensor[]): tf.Tensor => {
    const [truth, overlap, predicted] = totals as [tf.Tensor, tf.Tensor, tf.Tensor];
    return tf.mean(tf.mul(lossOf({ truth, overlap, predicted }), tf.minimum(truth, 1)), -1);
  };
  if (over === 'batch') return { sums, value: (totals) => meanOf(totals) as tf.Scalar, weight: 1 };
  return quotient(tf.sum<tf.Scalar>(meanOf(sums)), tf.scalar(hot.shape[0]));
}
