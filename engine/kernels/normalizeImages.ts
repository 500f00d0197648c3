import * as tf from '@tensorflow/tfjs-core';
import { defineKernel } from './kernel.js';

const kernel = defineKernel<{ images: tf.Tensor }, { mean: readonly number[]; std: readonly number[] }, tf.Tensor>({
  name: 'EspalierNormalizeImages',
  portable: ({ images }, { mean, std }) => {
    const factor = tf.tensor1d(std.map((value) => 1 / value));
    const offset = tf.tensor1d(mean.map((value, channel) => -value / (std[channel] as number)));
    return tf.add(tf.mul(tf.cast(images, 'float32'), factor), offset);
  },
});

/**
 * (pixel - mean) / std per channel. Not differentiable.
 *
 * @param images [N, H, W, C] int32 or float32, 0..255
 * @param mean   per channel, in pixel values
 * @param std    per channel, in pixel values
 * @returns      [N, H, W, C] float32
 */
export function normalizeImages(images: tf.Tensor4D, mean: readonly number[], std: readonly number[]): tf.Tensor4D {
  return kernel({ images }, { mean, std }) as tf.Tensor4D;
}
