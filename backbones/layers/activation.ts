import * as tf from '@tensorflow/tfjs-core';
import { keysOf } from '../../engine/checked.js';
import { gelu, hardSigmoid, hardSwish, relu6, swish } from '../../engine/kernels/index.js';

/** Element-wise, differentiable, shape kept. */
export const ACTIVATIONS = {
  /** x * sigmoid(x), also called SiLU. */
  swish,
  relu: <T extends tf.Tensor>(x: T): T => tf.relu(x),
  relu6,
  /** x * clip(x + 3, 0, 6) / 6. */
  hardSwish,
  /** x times the normal distribution's share below x: the exact form. */
  gelu,
  sigmoid: <T extends tf.Tensor>(x: T): T => tf.sigmoid(x),
  /** clip(x + 3, 0, 6) / 6. */
  hardSigmoid,
  linear: <T extends tf.Tensor>(x: T): T => x,
} as const satisfies { readonly [name: string]: <T extends tf.Tensor>(x: T) => T };

export type Activation = keyof typeof ACTIVATIONS;
export const ACTIVATION_NAMES = keysOf(ACTIVATIONS);
