import * as tf from '@tensorflow/tfjs-core';
import { defineKernel } from './kernel.js';

const kernel = defineKernel<{ x: tf.Tensor }, Record<string, never>, tf.Tensor1D>({
  name: 'EspalierChannelSum',
  portable: ({ x }) => tf.sum(x, leadingAxes(x)),
  differentiation: {
    savedInputs: ['x'],
    gradient: ([dy], { x }) => ({ x: () => tf.mul(tf.onesLike(x), dy) }),
  },
});

/**
 * Sums over all axes but the last.
 *
 * @param x [..., C] float32
 * @returns [C] float32
 */
export function channelSum(x: tf.Tensor): tf.Tensor1D {
  return kernel({ x }, {});
}

function leadingAxes(x: tf.Tensor): number[] {
  return Array.from({ length: x.rank - 1 }, (_, axis) => axis);
}
