import * as tf from '@tensorflow/tfjs-core';
import { defineKernel } from './kernel.js';

const backward = defineKernel<{ dy: tf.Tensor; x: tf.Tensor }, Record<string, never>, tf.Tensor>({
  name: 'EspalierSwishGrad',
  portable: ({ dy, x }) => {
    const sigmoid = tf.sigmoid(x);
    const y = tf.mul(x, sigmoid);
    return tf.mul(dy, tf.add(y, tf.mul(sigmoid, tf.sub(1, y))));
  },
});

const forward = defineKernel<{ x: tf.Tensor }, Record<string, never>, tf.Tensor>({
  name: 'EspalierSwish',
  portable: ({ x }) => tf.mul(x, tf.sigmoid(x)),
  differentiation: {
    savedInputs: ['x'],
    gradient: ([dy], { x }) => ({ x: backward({ dy, x }, {}) }),
  },
});

/**
 * x * sigmoid(x), also called SiLU.
 *
 * @param x float32 of any shape
 * @source Ramachandran et al. 2017, arXiv:1710.05941
 */
export function swish<T extends tf.Tensor>(x: T): T {
  return forward({ x }, {});
}
