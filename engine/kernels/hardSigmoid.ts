import * as tf from '@tensorflow/tfjs-core';
import { defineKernel } from './kernel.js';

const backward = defineKernel<{ dy: tf.Tensor; x: tf.Tensor }, Record<string, never>, tf.Tensor>({
  name: 'EspalierHardSigmoidGrad',
  portable: ({ dy, x }) => tf.mul(dy, tf.div(tf.cast(tf.less(tf.abs(x), 3), 'float32'), 6)),
});

const forward = defineKernel<{ x: tf.Tensor }, Record<string, never>, tf.Tensor>({
  name: 'EspalierHardSigmoid',
  portable: ({ x }) => tf.div(tf.clipByValue(tf.add(x, 3), 0, 6), 6),
  differentiation: {
    savedInputs: ['x'],
    gradient: ([dy], { x }) => ({ x: backward({ dy, x }, {}) }),
  },
});

/**
 * clip(x + 3, 0, 6) / 6.
 *
 * @param x float32 of any shape
 * @source Howard et al. 2019, arXiv:1905.02244, section 5.2
 */
export function hardSigmoid<T extends tf.Tensor>(x: T): T {
  return forward({ x }, {});
}
