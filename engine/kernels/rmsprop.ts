import * as tf from '@tensorflow/tfjs';
import { defineKernel } from './kernel.js';

/** What a step reads: tensors of one shape, float32, and float32 scalars. */
export interface RmspropState {
  readonly value: tf.Tensor;
  readonly gradient: tf.Tensor;
  /** Mean of the squared gradients. */
  readonly square: tf.Tensor;
  readonly velocity: tf.Tensor;
  readonly rate: tf.Tensor;
}

export interface RmspropNumbers {
  /** Decays of velocity and mean square per step, each in [0, 1). */
  readonly momentum: number;
  readonly decay: number;
  /** Inside the root. */
  readonly epsilon: number;
  /** Added to the gradient. */
  readonly weightDecay: number;
}

const kernel = defineKernel<
  RmspropState & { readonly [name: string]: tf.Tensor },
  RmspropNumbers & { readonly [name: string]: number },
  readonly [value: tf.Tensor, square: tf.Tensor, velocity: tf.Tensor]
>({
  name: 'EspalierRmsprop',
  portable: ({ value, gradient, square, velocity, rate }, { momentum, decay, epsilon, weightDecay }) => {
    const slope = weightDecay === 0 ? gradient : tf.add(gradient, tf.mul(value, weightDecay));
    const mean = tf.add(square, tf.mul(tf.sub(tf.square(slope), square), 1 - decay));
    const step = tf.div(tf.mul(slope, rate), tf.sqrt(tf.add(mean, epsilon)));
    const speed = tf.add(tf.mul(velocity, momentum), step);
    return [tf.sub(value, speed), mean, speed] as const;
  },
});

/**
 * One step of RMSProp on one tensor: the moved value, the mean square and the velocity. Not differentiable.
 *
 * @param state   none is disposed
 * @param numbers constants of the run
 * @source TensorFlow 1's `ApplyRMSProp`
 */
export function rmsprop(
  state: RmspropState,
  numbers: RmspropNumbers,
): readonly [value: tf.Tensor, square: tf.Tensor, velocity: tf.Tensor] {
  return kernel({ ...state }, { ...numbers });
}
