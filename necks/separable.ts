import type * as tf from '@tensorflow/tfjs';
import type { Initialiser } from '../backbones/initialisers.js';
import { ACTIVATIONS, type Activation, convolution, depthwise } from '../backbones/layers/index.js';
import type { Layer } from '../backbones/module.js';
import type { Parameters } from '../backbones/parameters.js';
import { mapNorm } from './resample.js';

export interface SeparableOptions {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly frozen: boolean;
  /** Initialiser of both kernels. */
  readonly initialise: Initialiser;
  /** Initialiser of the bias. Defaults to zeros. */
  readonly initialiseBias?: Initialiser;
}

/**
 * 3x3 depthwise, then 1x1 with a bias: [N, H, W, inChannels] -> [N, H, W, outChannels]. Parameters `name.conv_dw.weight`,
 * `name.conv_pw.weight`, `name.conv_pw.bias`.
 */
export function separable(parameters: Parameters, name: string, options: SeparableOptions): Layer<tf.Tensor4D> {
  const { inChannels, outChannels, frozen, initialise, initialiseBias } = options;
  const shared = { stride: 1, padding: 'same', frozen, initialise } as const;
  const spatial = depthwise(parameters, `${name}.conv_dw`, { ...shared, kernel: 3, channels: inChannels, bias: false });
  const mix = convolution(parameters, `${name}.conv_pw`, {
    ...shared,
    kernel: 1,
    inChannels,
    outChannels,
    bias: true,
    ...(initialiseBias && { initialiseBias }),
  });
  return (input, pass) => mix(spatial(input, pass), pass);
}

/** A separable convolution, a batch norm and an activation; their parameters are below `names`. */
export function separableBlock(
  parameters: Parameters,
  names: { readonly mix: string; readonly norm: string },
  { activation, ...options }: Omit<SeparableOptions, 'initialiseBias'> & { readonly activation: Activation },
): Layer<tf.Tensor4D> {
  const mix = separable(parameters, names.mix, options);
  const normalise = mapNorm(parameters, names.norm, options.outChannels, options.frozen);
  const activate = ACTIVATIONS[activation];
  return (input, pass) => activate(normalise(mix(input, pass), pass));
}
