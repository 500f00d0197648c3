import * as tf from '@tensorflow/tfjs-core';
import { channelAffine } from './channelAffine.js';
import { channelSum } from './channelSum.js';
import { defineKernel } from './kernel.js';

const kernel = defineKernel<
  { x: tf.Tensor; mean: tf.Tensor; variance: tf.Tensor; scale: tf.Tensor; shift: tf.Tensor },
  { epsilon: number },
  tf.Tensor
>({
  name: 'EspalierBatchNormInference',
  portable: ({ x, mean, variance, scale, shift }, { epsilon }) => {
    const factor = tf.mul(scale, tf.rsqrt(tf.add(variance, epsilon)));
    return channelAffine(x, factor, tf.sub(shift, tf.mul(mean, factor)));
  },
  differentiation: {
    savedInputs: ['x', 'mean', 'variance', 'scale'],
    gradient: ([dy], { x, mean, variance, scale }, _, { epsilon }) => {
      const inverse = (): tf.Tensor => tf.rsqrt(tf.add(variance, epsilon));
      const dScale = (): tf.Tensor =>
        tf.mul(tf.sub(channelSum(tf.mul(dy, x)), tf.mul(mean, channelSum(dy))), inverse());
      return {
        x: () => channelAffine(dy, tf.mul(scale, inverse()), tf.zerosLike(scale)),
        mean: () => tf.mul(channelSum(dy), tf.neg(tf.mul(scale, inverse()))),
        variance: () => tf.mul(dScale(), tf.mul(tf.div(scale, tf.add(variance, epsilon)), -0.5)),
        scale: dScale,
        shift: () => channelSum(dy),
      };
    },
  },
});

/**
 * Batch normalisation with given statistics: one multiplication and one addition per value. Differentiable in all tensors.
 *
 * @param x        [N, H, W, C] float32
 * @param mean     [C] float32
 * @param variance [C] float32
 * @param scale    [C] float32
 * @param shift    [C] float32
 * @param epsilon  added to the variance
 * @returns        [N, H, W, C] float32
 */
export function batchNormInference(
  x: tf.Tensor4D,
  mean: tf.Tensor1D,
  variance: tf.Tensor1D,
  scale: tf.Tensor1D,
  shift: tf.Tensor1D,
  epsilon: number,
): tf.Tensor4D {
  return kernel({ x, mean, variance, scale, shift }, { epsilon });
}
