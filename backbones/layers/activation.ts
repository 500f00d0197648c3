import * as tf from '@tensorflow/tfjs';
import { relu6, swish } from '../../engine/kernels/index.js';

/** Element-wise, differentiable, shape kept. */
export const ACTIVATIONS = {
  /** x * sigmoid(x), also called SiLU. */
  swish,
  relu: (x: tf.Tensor4D): tf.Tensor4D => tf.relu(x),
  relu6,
  linear: (x: tf.Tensor4D): tf.Tensor4D => x,
} as const satisfies { readonly [name: string]: (x: tf.Tensor4D) => tf.Tensor4D };

export type Activation = keyof typeof ACTIVATIONS;
export const ACTIVATION_NAMES = Object.keys(ACTIVATIONS) as readonly Activation[];
