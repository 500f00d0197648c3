import * as tf from '@tensorflow/tfjs-core';
import type { MapLayer } from './sequence.js';
import { dropPath } from './stochastic.js';

export interface ResidualOptions {
  /** State-dict path of the block: what stochastic depth draws from. */
  readonly path: string;
  /** Rate of stochastic depth; 0: the branch is always taken. */
  readonly dropPath: number;
  /** Layer on the shortcut. Defaults to the identity. */
  readonly shortcut?: MapLayer;
  /** After the sum. */
  readonly activation?: (sum: tf.Tensor4D) => tf.Tensor4D;
}

/**
 * activation(body(x) + shortcut(x)).
 *
 * @source He et al. 2016, arXiv:1512.03385
 */
export function residual(body: MapLayer, options: ResidualOptions): MapLayer {
  const { path, shortcut, activation } = options;
  const drop = dropPath<tf.Tensor4D>(path, options.dropPath);
  return (input, pass) =>
    tf.tidy(() => {
      const past = shortcut ? shortcut(input, pass) : input;
      const sum = tf.add<tf.Tensor4D>(drop(body(input, pass), pass), past);
      return activation ? activation(sum) : sum;
    });
}
