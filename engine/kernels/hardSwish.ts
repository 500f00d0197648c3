import * as tf from '@tensorflow/tfjs-core';
import { defineKernel } from './kernel.js';

const backward = defineKernel<{ dy: tf.Tensor; x: tf.Tensor }, Record<string, never>, tf.Tensor>({
  name: 'EspalierHardSwishGrad',
  portable: ({ dy, x }) => {
    const inside = tf.cast(tf.logicalAnd(tf.greater(x, -3), tf.less(x, 3)), 'float32');
    const above = tf.cast(tf.greaterEqual(x, 3), 'float32');
    const slope = tf.add(tf.div(x, 3), 0.5);
    return tf.mul(dy, tf.add(tf.mul(inside, slope), above));
  },
});

const forward = defineKernel<{ x: tf.Tensor }, Record<string, never>, tf.Tensor>({
  name: 'EspalierHardSwish',
  portable: ({ x }) => tf.div(tf.mul(x, tf.clipByValue(tf.add(x, 3), 0, 6)), 6),
  differentiation: {
    savedInputs: ['x'],
    gradient: ([dy], { x }) => ({ x: backward({ dy, x }, {}) }),
  },
});

/**
 * x * clip(x + 3, 0, 6) / 6.
 *
 * @param x float32 of any shape
 * @source Howard et al. 2019, arXiv:1905.02244, section 5.2
 */
export function hardSwish<T extends tf.Tensor>(x: T): T {
  return forward({ x }, {});
}
