import * as tf from '@tensorflow/tfjs-core';

/** Weights [to, from] of a resize along one axis, row-major: row i says which inputs output i is made of. */
export type AxisWeights = (from: number, to: number) => Float32Array;

/**
 * A resize that is separable into rows and columns: one matrix product for each.
 *
 * @param x       [N, H, W, C] float32
 * @param size    [height, width] of the result
 * @param weights of either axis
 * @returns       [N, height, width, C] float32
 */
export function resample(x: tf.Tensor, [height, width]: readonly [number, number], weights: AxisWeights): tf.Tensor {
  const [, inHeight = 0, inWidth = 0] = x.shape;
  const rows = tf.tensor2d(weights(inHeight, height), [height, inHeight]);
  const columns = tf.tensor2d(weights(inWidth, width), [width, inWidth]);
  return multiply(x, tf.transpose(rows), tf.transpose(columns));
}

/**
 * The input gradient of `resample`.
 *
 * @param dy      [N, outH, outW, C] float32
 * @param size    [height, width] of the input
 * @param weights of either axis
 * @returns       [N, height, width, C] float32
 */
export function resampleGrad(
  dy: tf.Tensor,
  [height, width]: readonly [number, number],
  weights: AxisWeights,
): tf.Tensor {
  const [, outHeight = 0, outWidth = 0] = dy.shape;
  const rows = tf.tensor2d(weights(height, outHeight), [outHeight, height]);
  const columns = tf.tensor2d(weights(width, outWidth), [outWidth, width]);
  return multiply(dy, rows, columns);
}

/** Height becomes height x rows [H, toH], width becomes width x columns [W, toW]. */
function multiply(x: tf.Tensor, rows: tf.Tensor, columns: tf.Tensor): tf.Tensor {
  const [batch = 0, height = 0, width = 0, channels = 0] = x.shape;
  const [toHeight = 0, toWidth = 0] = [rows.shape[1], columns.shape[1]];
  // The contracted axis goes last, so that each direction is one plain matrix product.
  const byWidth = tf.reshape(tf.transpose(x, [0, 1, 3, 2]), [batch * height * channels, width]);
  const across = tf.reshape(tf.matMul(byWidth, columns), [batch, height, channels * toWidth]);
  const byHeight = tf.reshape(tf.transpose(across, [0, 2, 1]), [batch * channels * toWidth, height]);
  const both = tf.reshape(tf.matMul(byHeight, rows), [batch, channels, toWidth, toHeight]);
  return tf.transpose(both, [0, 3, 2, 1]); // [N, H, W, C]
}
