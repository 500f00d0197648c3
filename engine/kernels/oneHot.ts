import * as tf from '@tensorflow/tfjs-core';

/**
 * One-hot encoding, as `tf.oneHot` with the depth 1, too, which that refuses: a data set may have one class.
 *
 * @param indices int32 of any shape [...]
 * @param depth   1 or more
 * @returns       [..., depth] float32; all 0 where the index is below 0 or not below the depth
 */
export function oneHot(indices: tf.Tensor, depth: number): tf.Tensor {
  const hot = tf.engine().runKernel(tf.OneHot, { indices }, { depth, onValue: 1, offValue: 0, dtype: 'int32' });
  return tf.cast(hot as tf.Tensor, 'float32');
}
