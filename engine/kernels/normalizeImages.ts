import * as tf from '@tensorflow/tfjs-core';
import { valueAt } from '../checked.js';
import { defineKernel } from './kernel.js';

const kernel = defineKernel<{ images: tf.Tensor }, { mean: readonly number[]; std: readonly number[] }, tf.Tensor>({
  name: 'EspalierNormalizeImages',
  portable: ({ images }, { mean, std }) => {
    const factor = tf.tensor1d(std.map((value) => 1 / value));
    const offset = tf.tensor1d(mean.map((value, channel) => -value / valueAt(std, channel)));
    return tf.add(tf.mul(tf.cast(images, 'float32'), factor), offset);
  },
});

/**
 * (pixel - mean) / std per channel, of pixels that are clipped before where limits are given. Not differentiable.
 *
 * @param images [N, H, W, C] int32 or float32
 * @param mean   per channel, in pixel values
 * @param std    per channel, in pixel values
 * @param clip   lowest and highest value per channel, in pixel values
 * @returns      [N, H, W, C] float32
 */
export function normalizeImages(
  images: tf.Tensor4D,
  mean: readonly number[],
  std: readonly number[],
  clip?: readonly (readonly [low: number, high: number])[],
): tf.Tensor4D {
  const normal = kernel({ images }, { mean, std }) as tf.Tensor4D;
  if (!clip) return normal;
  return tf.tidy(() => {
    const limit = (edge: 0 | 1) =>
      tf.tensor1d(mean.map((middle, c) => ((clip[c]?.[edge] ?? middle) - middle) / valueAt(std, c)));
    return tf.minimum(tf.maximum(normal, limit(0)), limit(1));
  });
}
