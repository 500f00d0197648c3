import * as tf from '@tensorflow/tfjs-core';
import { defineKernel } from './kernel.js';
import { detached } from './tape.js';

const backward = defineKernel<{ dy: tf.Tensor; y: tf.Tensor }, Record<string, never>, tf.Tensor>({
  name: 'EspalierRelu6Grad',
  portable: ({ dy, y }) =>
    tf.mul(
      dy,
      detached(() => tf.cast(tf.logicalAnd(tf.greater(y, 0), tf.less(y, 6)), 'float32')),
    ),
});

const forward = defineKernel<{ x: tf.Tensor }, Record<string, never>, tf.Tensor>({
  name: 'EspalierRelu6',
  portable: ({ x }) => tf.relu6(x),
  differentiation: {
    savedInputs: [],
    savedOutputs: [0],
    gradient: ([dy], _, [y]) => ({ x: backward({ dy, y: y as tf.Tensor }, {}) }),
  },
});

/**
 * min(max(x, 0), 6); the gradient passes where 0 < x < 6.
 *
 * @param x float32 of any shape
 */
export function relu6<T extends tf.Tensor>(x: T): T {
  return forward({ x }, {});
}
