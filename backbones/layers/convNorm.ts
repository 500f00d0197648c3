import type { Initialiser } from '../initialisers.js';
import type { Parameters } from '../parameters.js';
import { ACTIVATIONS, type Activation } from './activation.js';
import { batchNorm } from './batchNorm.js';
import { convolution, depthwise, type Extent, type Padding } from './convolution.js';
import { type MapLayer, sequence } from './sequence.js';

export interface ConvNormOptions {
  readonly kernel: Extent;
  /** 1 when absent. */
  readonly stride?: number;
  /** 1 when absent. */
  readonly dilation?: number;
  /** `symmetric` when absent. */
  readonly padding?: Padding;
  readonly inChannels: number;
  readonly outChannels: number;
  /** Of the channels, see `convolution`; 1 when absent. */
  readonly groups?: number;
  /** True: one filter per channel; the two widths agree. */
  readonly depthwise?: boolean;
  /** Of the convolution; false when absent, since the norm has its own. */
  readonly bias?: boolean;
  /** Of the kernel, see `convolution`. */
  readonly initialise?: Initialiser;
  /** Added to the variance by the norm. */
  readonly epsilon: number;
  /** False: the norm has no scale; see `batchNorm`. */
  readonly hasScale?: boolean;
  /** After the norm; none when absent. */
  readonly activation?: Activation;
  /** Names below the path; ['conv', 'bn'] when absent, as timm has them. */
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
  const [conv, norm] = names.map((name) => (path === '' ? name : `${path}.${name}`)) as [string, string];
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
