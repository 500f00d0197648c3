import { mapTuple } from '../../engine/checked.js';
import type { Initialiser } from '../initialisers.js';
import type { Parameters } from '../parameters.js';
import { ACTIVATIONS, type Activation } from './activation.js';
import { batchNorm } from './batchNorm.js';
import { convolution, depthwise, type Extent, type Padding } from './convolution.js';
import { type MapLayer, sequence } from './sequence.js';

export interface ConvNormOptions {
  readonly kernel: Extent;
  /** Defaults to 1. */
  readonly stride?: number;
  /** Defaults to 1. */
  readonly dilation?: number;
  /** Defaults to `symmetric`. */
  readonly padding?: Padding;
  readonly inChannels: number;
  readonly outChannels: number;
  /** Groups of the channels, see `convolution`. Defaults to 1. */
  readonly groups?: number;
  /** True: one filter per channel; the two widths agree. */
  readonly depthwise?: boolean;
  /** Bias of the convolution. Defaults to false, since the norm has its own. */
  readonly bias?: boolean;
  /** Initialiser of the kernel, see `convolution`. */
  readonly initialise?: Initialiser;
  /** Added to the variance by the norm. */
  readonly epsilon: number;
  /** False: the norm has no scale; see `batchNorm`. */
  readonly hasScale?: boolean;
  /** Activation after the norm. Defaults to none. */
  readonly activation?: Activation;
  /** Names below the path. Defaults to timm's, ['conv', 'bn']. */
  readonly names?: readonly [convolution: string, norm: string];
}

/** As PyTorch starts a batch norm, which calls it 0.1. */
const MOMENTUM = 0.9;

/**
 * A convolution, its batch norm and an activation.
 *
 * @param path of its parameters; '' where `names` says all
 */
export function convNorm(parameters: Parameters, path: string, options: ConvNormOptions): MapLayer {
  const { kernel, stride = 1, dilation = 1, padding = 'symmetric', bias = false } = options;
  const { inChannels, outChannels, groups = 1, epsilon, hasScale = true, activation, names = ['conv', 'bn'] } = options;
  const [conv, norm] = mapTuple(names, (name) => (path === '' ? name : `${path}.${name}`));
  const initialise = options.initialise && { initialise: options.initialise };
  const window = { kernel, stride, dilation, padding, bias, ...initialise };
  return sequence([
    options.depthwise
      ? depthwise(parameters, conv, { ...window, channels: inChannels })
      : convolution(parameters, conv, { ...window, inChannels, outChannels, groups }),
    batchNorm(parameters, norm, { channels: outChannels, epsilon, momentum: MOMENTUM, hasScale }),
    ...(activation ? [ACTIVATIONS[activation]] : []),
  ]);
}
