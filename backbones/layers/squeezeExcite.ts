import * as tf from '@tensorflow/tfjs';
import { gate } from '../../engine/kernels/index.js';
import type { Layer } from '../module.js';
import type { Parameters } from '../parameters.js';
import { ACTIVATIONS, type Activation } from './activation.js';
import { convolution } from './convolution.js';

export interface SqueezeExciteOptions {
  readonly channels: number;
  /** Width between the two convolutions. */
  readonly reduced: number;
  readonly activation: Activation;
  readonly frozen: boolean;
}

/**
 * Weighs the channels by what the whole map shows: x * sigmoid(expand(activation(reduce(mean over H, W)))).
 *
 * @source Hu et al. 2018, arXiv:1709.01507
 */
export function squeezeExcite(parameters: Parameters, name: string, options: SqueezeExciteOptions): Layer<tf.Tensor4D> {
  const { channels, reduced, frozen } = options;
  const shared = { kernel: 1, stride: 1, padding: 'same', bias: true, frozen } as const;
  const reduce = convolution(parameters, `${name}.conv_reduce`, {
    ...shared,
    inChannels: channels,
    outChannels: reduced,
  });
  const expand = convolution(parameters, `${name}.conv_expand`, {
    ...shared,
    inChannels: reduced,
    outChannels: channels,
  });
  const activate = ACTIVATIONS[options.activation];
  return (input, pass) => {
    const squeezed = tf.mean<tf.Tensor4D>(input, [1, 2], true); // [N, 1, 1, C]
    return gate(input, expand(activate(reduce(squeezed, pass)), pass));
  };
}
