import * as tf from '@tensorflow/tfjs-core';
import { gate, squeeze } from '../../engine/kernels/index.js';
import type { Layer } from '../module.js';
import type { Parameters } from '../parameters.js';
import { ACTIVATIONS, type Activation } from './activation.js';
import { convolution } from './convolution.js';

export interface SqueezeExciteOptions {
  readonly channels: number;
  /** Width between the two convolutions. */
  readonly reduced: number;
  readonly activation: Activation;
  /** Gate function. Defaults to `sigmoid`. */
  readonly gate?: 'sigmoid' | 'hardSigmoid';
  /** Names of the two convolutions below the layer's own. Defaults to ['conv_reduce', 'conv_expand']. */
  readonly names?: readonly [reduce: string, expand: string];
  /** Whether it is not trained. Defaults to what the owner of the parameters says. */
  readonly frozen?: boolean;
}

/**
 * Weighs the channels by what the whole map shows: x * gate(expand(activation(reduce(mean over H, W)))).
 *
 * @source Hu et al. 2018, arXiv:1709.01507
 */
export function squeezeExcite(parameters: Parameters, name: string, options: SqueezeExciteOptions): Layer<tf.Tensor4D> {
  const { channels, reduced, frozen, names = ['conv_reduce', 'conv_expand'] } = options;
  const pointwise = (part: string, inChannels: number, outChannels: number): Layer<tf.Tensor4D> =>
    convolution(parameters, `${name}.${part}`, {
      kernel: 1,
      stride: 1,
      padding: 'same',
      bias: true,
      inChannels,
      outChannels,
      ...(frozen === undefined ? {} : { frozen }),
    });
  const reduce = pointwise(names[0], channels, reduced);
  const expand = pointwise(names[1], reduced, channels);
  const activate = ACTIVATIONS[options.activation];
  const isHard = options.gate === 'hardSigmoid';
  return (input, pass) => {
    const { mean, x } = squeeze(input);
    const weights = expand(activate(reduce(mean, pass)), pass);
    return isHard ? tf.mul(x, ACTIVATIONS.hardSigmoid(weights)) : gate(x, weights);
  };
}
