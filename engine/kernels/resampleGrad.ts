import * as tf from '@tensorflow/tfjs';

/** Weights [to, from] of a resize along one axis, row-major: row i says which inputs output i is made of. */
export type AxisWeights = (from: number, to: number) => Float32Array;

/**
 * The input gradient of a resize that is separable into rows and columns: one matrix product for each.
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
  const [batch = 0, outHeight = 0, outWidth = 0, channels = 0] = dy.shape;
  const rows = tf.tensor2d(weights(height, outHeight), [outHeight, height]);
  const columns = tf.tensor2d(weights(width, outWidth), [outWidth, width]);
  // The contracted axis goes last, so that each direction is one plain matrix product.
  const byWidth = tf.reshape(tf.transpose(dy, [0, 1, 3, 2]), [batch * outHeight * channels, outWidth]);
  const narrow = tf.reshape(tf.matMul(byWidth, columns), [batch, outHeight, channels * width]);
  const byHeight = tf.reshape(tf.transpose(narrow, [0, 2, 1]), [batch * channels * width, outHeight]);
  const small = tf.reshape(tf.matMul(byHeight, rows), [batch, channels, width, height]);
  return tf.transpose(small, [0, 3, 2, 1]); // [N, H, W, C]
}
