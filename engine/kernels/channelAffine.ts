import * as tf from '@tensorflow/tfjs-core';
import { channelSum } from './channelSum.js';
import { defineKernel } from './kernel.js';

const kernel = defineKernel<{ x: tf.Tensor; factor: tf.Tensor; offset: tf.Tensor }, Record<string, never>, tf.Tensor>({
  name: 'EspalierChannelAffine',
  portable: ({ x, factor, offset }) => tf.add(tf.mul(x, factor), offset),
  differentiation: {
    savedInputs: ['x', 'factor'],
    gradient: ([dy], { x, factor }) => {
      return {
        x: () => tf.mul(dy, factor),
        factor: () => channelSum(tf.mul(dy, x)),
        offset: () => channelSum(dy),
      };
    },
  },
});

/**
 * x * factor + offset per channel.
 *
 * @param x      [N, H, W, C] float32
 * @param factor [C] float32
 * @param offset [C] float32
 * @returns      [N, H, W, C] float32
 */
export function channelAffine(x: tf.Tensor, factor: tf.Tensor, offset: tf.Tensor): tf.Tensor {
  return kernel({ x, factor, offset }, {});
}
