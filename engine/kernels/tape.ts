import * as tf from '@tensorflow/tfjs-core';
import { offTape } from '../tfjs.js';

/**
 * Runs `compute` hidden from differentiation: what it returns is a constant to every gradient. Comparisons and other ops
 * without a gradient may be used inside on tensors that are being differentiated.
 */
export function detached<T extends tf.TensorContainer>(compute: () => T): T {
  return offTape(() => tf.tidy(compute));
}

type Comparison = (a: tf.Tensor, b: tf.Tensor | number) => tf.Tensor;

const mask =
  (compare: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor): Comparison =>
  (a, b) =>
    detached(() => tf.cast(compare(a, typeof b === 'number' ? tf.scalar(b, a.dtype) : b), 'float32'));

/** float32 1 where a > b, else 0; broadcasts; a constant to gradients. */
export const greaterMask: Comparison = mask(tf.greater);
/** float32 1 where a >= b, else 0; broadcasts; a constant to gradients. */
export const greaterEqualMask: Comparison = mask(tf.greaterEqual);
/** float32 1 where a < b, else 0; broadcasts; a constant to gradients. */
export const lessMask: Comparison = mask(tf.less);
/** float32 1 where a <= b, else 0; broadcasts; a constant to gradients. */
export const lessEqualMask: Comparison = mask(tf.lessEqual);
/** float32 1 where a = b, else 0; broadcasts; a constant to gradients. */
export const equalMask: Comparison = mask(tf.equal);
/** float32 1 where a differs from b, else 0; broadcasts; a constant to gradients. */
export const notEqualMask: Comparison = mask(tf.notEqual);
