import * as tf from '@tensorflow/tfjs';
import { fanOutNormal, type Initialiser, zeros } from '../initialisers.js';
import type { Layer } from '../module.js';
import type { Parameters } from '../parameters.js';

/**
 * `same`: TensorFlow's rule, pads computed per input size, the smaller half first.
 * `symmetric`: PyTorch's, (kernel - 1) / 2 on every side. They differ only where stride > 1 meets an even size.
 */
export type Padding = 'same' | 'symmetric';

export interface ConvolutionOptions {
  /** Odd; square. */
  readonly kernel: number;
  readonly stride: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly padding: Padding;
  readonly bias: boolean;
  readonly frozen: boolean;
  /** Of the kernel; `fanOutNormal` when absent. */
  readonly initialise?: Initialiser;
  /** Of the bias; zeros when absent. */
  readonly initialiseBias?: Initialiser;
}

export type DepthwiseOptions = Omit<ConvolutionOptions, 'inChannels' | 'outChannels'> & { readonly channels: number };

/** [N, H, W, inChannels] -> [N, ceil(H / stride), ceil(W / stride), outChannels]; parameters `name.weight`, `name.bias`. */
export function convolution(parameters: Parameters, name: string, options: ConvolutionOptions): Layer<tf.Tensor4D> {
  const { kernel, stride, inChannels, outChannels, frozen } = options;
  const weight = parameters.create(`${name}.weight`, {
    shape: [kernel, kernel, inChannels, outChannels],
    layout: 'convolution',
    role: 'weight',
    initialise: options.initialise ?? fanOutNormal,
    frozen,
  }) as tf.Variable<tf.Rank.R4>;
  const addBias = bias(parameters, name, outChannels, options);
  return (input) => {
    const [padded, pad] = padInput(input, kernel, stride, options.padding);
    return addBias(tf.conv2d(padded, weight, stride, pad));
  };
}

/** One filter per channel: [N, H, W, C] -> [N, ceil(H / stride), ceil(W / stride), C]. */
export function depthwise(parameters: Parameters, name: string, options: DepthwiseOptions): Layer<tf.Tensor4D> {
  const { kernel, stride, channels, frozen } = options;
  const weight = parameters.create(`${name}.weight`, {
    shape: [kernel, kernel, channels, 1],
    layout: 'depthwise',
    role: 'weight',
    initialise: options.initialise ?? fanOutNormal,
    frozen,
  }) as tf.Variable<tf.Rank.R4>;
  const addBias = bias(parameters, name, channels, options);
  return (input) => {
    const [padded, pad] = padInput(input, kernel, stride, options.padding);
    return addBias(tf.depthwiseConv2d(padded, weight, stride, pad));
  };
}

function bias(
  parameters: Parameters,
  name: string,
  channels: number,
  options: Pick<ConvolutionOptions, 'bias' | 'frozen' | 'initialiseBias'>,
): (input: tf.Tensor4D) => tf.Tensor4D {
  if (!options.bias) return (input) => input;
  const variable = parameters.create(`${name}.bias`, {
    shape: [channels],
    layout: 'plain',
    role: 'bias',
    initialise: options.initialiseBias ?? zeros,
    frozen: options.frozen,
  });
  return (input) => tf.add(input, variable);
}

/** Symmetric padding of a stride-1 convolution is SAME padding; else the pad is an op of its own (explicit pads have no gradient everywhere). */
function padInput(x: tf.Tensor4D, kernel: number, stride: number, padding: Padding): [tf.Tensor4D, 'same' | 'valid'] {
  if (padding === 'same' || stride === 1) return [x, 'same'];
  const side = (kernel - 1) / 2;
  const pads: [number, number][] = [
    [0, 0],
    [side, side],
    [side, side],
    [0, 0],
  ];
  return [side === 0 ? x : tf.pad(x, pads), 'valid'];
}
