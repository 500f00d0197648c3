import type * as tf from '@tensorflow/tfjs';
import type { Initialiser } from '../backbones/initialisers.js';
import { convolution, depthwise } from '../backbones/layers/index.js';
import type { Layer } from '../backbones/module.js';
import type { Parameters } from '../backbones/parameters.js';

export interface SeparableOptions {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly frozen: boolean;
  /** Of both kernels. */
  readonly initialise: Initialiser;
  /** Zeros when absent. */
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
