import * as tf from '@tensorflow/tfjs-core';
import { defineKernel } from './kernel.js';

/** What an AdamW step reads; the scalars are float32. */
export interface AdamWState {
  /** Any shape, float32; `first` and `second` are moments of the gradient, all of the parameter's shape. */
  readonly value: tf.Tensor;
  readonly gradient: tf.Tensor;
  readonly first: tf.Tensor;
  readonly second: tf.Tensor;
  /** Learning rate with both bias corrections. */
  readonly stepSize: tf.Tensor;
  /** Added to the root of the second moment. */
  readonly epsilon: tf.Tensor;
  /** What the value is multiplied with before it moves: 1 - rate * decay. */
  readonly shrink: tf.Tensor;
}

export interface AdamWDecays {
  readonly beta1: number;
  readonly beta2: number;
}

const kernel = defineKernel<
  AdamWState & { readonly [name: string]: tf.Tensor },
  AdamWDecays & { readonly [name: string]: number },
  readonly [value: tf.Tensor, first: tf.Tensor, second: tf.Tensor]
>({
  name: 'EspalierAdamW',
  portable: ({ value, gradient, first, second, stepSize, epsilon, shrink }, { beta1, beta2 }) => {
    const mean = tf.add(first, tf.mul(tf.sub(gradient, first), 1 - beta1));
    const variance = tf.add(second, tf.mul(tf.sub(tf.square(gradient), second), 1 - beta2));
    const direction = tf.div(mean, tf.add(tf.sqrt(variance), epsilon));
    return [tf.sub(tf.mul(value, shrink), tf.mul(direction, stepSize)), mean, variance] as const;
  },
});

/**
 * One step of AdamW on one tensor. Not differentiable.
 *
 * @param state  tensors of one shape and float32 scalars; none is disposed
 * @param decays of the two moments per step, each in [0, 1)
 * @returns      the moved value and both moments, float32 of the value's shape
 * @source Loshchilov and Hutter 2017, arXiv:1711.05101, algorithm 2
 */
export function adamw(
  state: AdamWState,
  decays: AdamWDecays,
): readonly [value: tf.Tensor, first: tf.Tensor, second: tf.Tensor] {
  return kernel({ ...state }, { ...decays });
}
