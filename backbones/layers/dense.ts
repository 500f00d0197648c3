import * as tf from '@tensorflow/tfjs-core';
import { denseUniform, type Initialiser, zeros } from '../initialisers.js';
import type { Layer } from '../module.js';
import type { Parameters } from '../parameters.js';

export interface DenseOptions {
  readonly inChannels: number;
  readonly outChannels: number;
  /** Defaults to true. */
  readonly bias?: boolean;
  /** Whether it is not trained. Defaults to what the owner of the parameters says. */
  readonly frozen?: boolean;
  readonly initialise?: Initialiser;
}

/** [..., inChannels] -> [..., outChannels]; parameters `name.weight`, `name.bias`. */
export function dense<T extends tf.Tensor = tf.Tensor2D>(
  parameters: Parameters,
  name: string,
  options: DenseOptions,
): Layer<T> {
  const { inChannels, outChannels, bias = true, initialise = denseUniform } = options;
  const frozen = options.frozen === undefined ? {} : { frozen: options.frozen };
  const weight = parameters.create(`${name}.weight`, {
    shape: [inChannels, outChannels],
    layout: 'dense',
    role: 'weight',
    initialise,
    ...frozen,
  }) as tf.Variable<tf.Rank.R2>;
  const offset = bias
    ? parameters.create(`${name}.bias`, {
        shape: [outChannels],
        layout: 'plain',
        role: 'bias',
        initialise: zeros,
        ...frozen,
      })
    : null;
  return (input) => {
    const rows = input.rank === 2 ? input : tf.reshape(input, [-1, inChannels]);
    const product = tf.matMul(rows, weight);
    const sum = offset ? tf.add(product, offset) : product;
    return (input.rank === 2 ? sum : tf.reshape(sum, [...input.shape.slice(0, -1), outChannels])) as T;
  };
}
