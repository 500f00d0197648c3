import { heUniform, type Initialiser } from '../../../backbones/initialisers.js';
import { ACTIVATIONS, convolution, type MapLayer, sequence } from '../../../backbones/layers/index.js';
import type { Parameters } from '../../../backbones/parameters.js';
import { type NormConfig, normLayer, normSettings } from './norm.js';

export interface ConvNormReluOptions {
  /** Height and width of the window, cells. */
  readonly kernel: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly norm: NormConfig;
  /** Cells from one tap to the next. Defaults to 1. */
  readonly dilation?: number;
  /** Number of the convolution in its path; the norm's is one more. Defaults to 0. */
  readonly first?: number;
  /** Initialiser of the kernel. Defaults to `heUniform`. */
  readonly initialise?: Initialiser;
}

/**
 * Convolution, norm, ReLU: [N, H, W, inChannels] -> [N, H, W, outChannels]. Parameters `path.0.*` of the convolution, which
 * has a bias where the norm is `identity`, and `path.1.*` of the norm.
 */
export function convNormRelu(parameters: Parameters, path: string, options: ConvNormReluOptions): MapLayer {
  const { kernel, inChannels, outChannels, norm, dilation = 1, first = 0, initialise = heUniform } = options;
  return sequence([
    convolution(parameters, `${path}.${first}`, {
      kernel,
      stride: 1,
      dilation,
      padding: 'symmetric',
      bias: normSettings(norm).type === 'identity',
      inChannels,
      outChannels,
      initialise,
    }),
    normLayer(parameters, `${path}.${first + 1}`, outChannels, norm),
    ACTIVATIONS.relu,
  ]);
}
