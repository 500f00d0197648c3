import * as tf from '@tensorflow/tfjs';
import { denseUniform, type Initialiser, zeros } from '../initialisers.js';
import type { Layer } from '../module.js';
import type { Parameters } from '../parameters.js';

export interface DenseOptions {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly frozen: boolean;
  readonly initialise?: Initialiser;
}

/** [N, inChannels] -> [N, outChannels]; parameters `name.weight`, `name.bias`. */
export function dense(parameters: Parameters, name: string, options: DenseOptions): Layer<tf.Tensor2D> {
  const { inChannels, outChannels, frozen } = options;
  const initialise = options.initialise ?? denseUniform;
  const weight = parameters.create(`${name}.weight`, {
    shape: [inChannels, outChannels],
    layout: 'dense',
    role: 'weight',
    initialise,
    frozen,
  }) as tf.Variable<tf.Rank.R2>;
  const offset = parameters.create(`${name}.bias`, {
    shape: [outChannels],
    layout: 'plain',
    role: 'bias',
    initialise: zeros,
    frozen,
  });
  return (input) => tf.add(tf.matMul(input, weight), offset);
}
