import * as tf from '@tensorflow/tfjs';
import { defineKernel } from './kernel.js';

/** What a step reads: tensors of one shape, float32, and float32 scalars. */
export interface LambState {
  readonly value: tf.Tensor;
  readonly gradient: tf.Tensor;
  /** Moments of the gradient. */
  readonly first: tf.Tensor;
  readonly second: tf.Tensor;
  /** 1 / (1 - beta1 ** t) and 1 / sqrt(1 - beta2 ** t). */
  readonly firstCorrection: tf.Tensor;
  readonly rootCorrection: tf.Tensor;
}

export interface LambNumbers {
  /** Decays of the moments per step, each in [0, 1). */
  readonly beta1: number;
  readonly beta2: number;
  /** Added to the root. */
  readonly epsilon: number;
  readonly weightDecay: number;
}

const kernel = defineKernel<
  LambState & { readonly [name: string]: tf.Tensor },
  LambNumbers & { readonly [name: string]: number },
  readonly [direction: tf.Tensor, first: tf.Tensor, second: tf.Tensor]
>({
  name: 'EspalierLamb',
  portable: (
    { value, gradient, first, second, firstCorrection, rootCorrection },
    { beta1, beta2, epsilon, weightDecay },
  ) => {
    const mean = tf.add(first, tf.mul(tf.sub(gradient, first), 1 - beta1));
    const variance = tf.add(second, tf.mul(tf.sub(tf.square(gradient), second), 1 - beta2));
    const root = tf.add(tf.mul(tf.sqrt(variance), rootCorrection), epsilon);
    const direction = tf.div(tf.mul(mean, firstCorrection), root);
    return [weightDecay === 0 ? direction : tf.add(direction, tf.mul(value, weightDecay)), mean, variance] as const;
  },
});

/**
 * The direction of a step of LAMB on one tensor, before its length is chosen, and both moments. Not differentiable.
 *
 * @param state   none is disposed
 * @param numbers constants of the run
 * @source You et al. 2019, arXiv:1904.00962, algorithm 2
 */
export function lamb(
  state: LambState,
  numbers: LambNumbers,
): readonly [direction: tf.Tensor, first: tf.Tensor, second: tf.Tensor] {
  return kernel({ ...state }, { ...numbers });
}
