import * as tf from '@tensorflow/tfjs';
import { defineKernel } from './kernel.js';

/** What a step reads: tensors of one shape, float32, and float32 scalars. */
export interface LionState {
  readonly value: tf.Tensor;
  readonly gradient: tf.Tensor;
  /** Mean of the gradients. */
  readonly first: tf.Tensor;
  readonly rate: tf.Tensor;
  /** What the value is multiplied with before it moves: 1 - rate * decay. */
  readonly shrink: tf.Tensor;
}

export interface LionNumbers {
  /** Shares of the momentum, in the direction and in the next momentum, each in [0, 1). */
  readonly beta1: number;
  readonly beta2: number;
}

const kernel = defineKernel<
  LionState & { readonly [name: string]: tf.Tensor },
  LionNumbers & { readonly [name: string]: number },
  readonly [value: tf.Tensor, first: tf.Tensor]
>({
  name: 'EspalierLion',
  portable: ({ value, gradient, first, rate, shrink }, { beta1, beta2 }) => {
    const towards = (beta: number): tf.Tensor => tf.add(first, tf.mul(tf.sub(gradient, first), 1 - beta));
    return [tf.sub(tf.mul(value, shrink), tf.mul(tf.sign(towards(beta1)), rate)), towards(beta2)] as const;
  },
});

/**
 * One step of Lion on one tensor: the moved value and the momentum. Not differentiable.
 *
 * @param state   none is disposed
 * @param numbers constants of the run
 * @source Chen et al. 2023, arXiv:2302.06675, algorithm 2
 */
export function lion(state: LionState, numbers: LionNumbers): readonly [value: tf.Tensor, first: tf.Tensor] {
  return kernel({ ...state }, { ...numbers });
}
