import * as tf from '@tensorflow/tfjs-core';
import { mapTuple } from '../../engine/checked.js';
import { depthwiseConv2d, groupConv2d, type Padding as KernelPadding } from '../../engine/kernels/index.js';
import { fanOutNormal, type Initialiser, zeros } from '../initialisers.js';
import type { Layer } from '../module.js';
import type { Parameters } from '../parameters.js';

/** Height and width of a window, cells; one number: square. */
export type Extent = number | readonly [height: number, width: number];

/**
 * `same`: TensorFlow's rule, pads computed per input size, the smaller half first.
 * `symmetric`: PyTorch's usual one, dilation * (kernel - 1) / 2 on every side; the two differ only where stride > 1
 * meets an even size. `valid`: none. A number or [vertical, horizontal]: so many zeros on both sides.
 */
export type Padding = 'same' | 'symmetric' | 'valid' | Extent;

interface WindowOptions {
  readonly kernel: Extent;
  readonly stride: number;
  /** Dilation: cells from one tap to the next, other than 1 only at stride 1. Defaults to 1. */
  readonly dilation?: number;
  readonly padding: Padding;
  readonly bias: boolean;
  /** Whether it is not trained. Defaults to what the owner of the parameters says. */
  readonly frozen?: boolean;
  /** Initialiser of the kernel. Defaults to `fanOutNormal`. */
  readonly initialise?: Initialiser;
  /** Initialiser of the bias. Defaults to zeros. */
  readonly initialiseBias?: Initialiser;
}

export interface ConvolutionOptions extends WindowOptions {
  readonly inChannels: number;
  readonly outChannels: number;
  /** Groups of input channels, each seen by its share of the output channels alone. Defaults to 1. */
  readonly groups?: number;
}

export interface DepthwiseOptions extends WindowOptions {
  readonly channels: number;
}

/** [N, H, W, inChannels] -> [N, outH, outW, outChannels]; parameters `name.weight`, `name.bias`. */
export function convolution(parameters: Parameters, name: string, options: ConvolutionOptions): Layer<tf.Tensor4D> {
  const { inChannels, outChannels, groups = 1 } = options;
  const weight = parameters.create(`${name}.weight`, {
    shape: [...extentOf(options.kernel), inChannels / groups, outChannels],
    layout: 'convolution',
    role: 'weight',
    initialise: options.initialise ?? fanOutNormal,
    ...frozenOf(options),
  }) as tf.Variable<tf.Rank.R4>;
  const addBias = bias(parameters, name, outChannels, options);
  const layout = layoutOf(options);
  return (input) => addBias(groupConv2d(input, weight, groups, layout));
}

/** One filter per channel: [N, H, W, C] -> [N, outH, outW, C]; parameters `name.weight`, `name.bias`. */
export function depthwise(parameters: Parameters, name: string, options: DepthwiseOptions): Layer<tf.Tensor4D> {
  const { channels } = options;
  const weight = parameters.create(`${name}.weight`, {
    shape: [...extentOf(options.kernel), channels, 1],
    layout: 'depthwise',
    role: 'weight',
    initialise: options.initialise ?? fanOutNormal,
    ...frozenOf(options),
  }) as tf.Variable<tf.Rank.R4>;
  const addBias = bias(parameters, name, channels, options);
  const layout = layoutOf(options);
  return (input) => addBias(depthwiseConv2d(input, weight, layout));
}

/** A size of a square or not quite square window as [height, width]. */
export function extentOf(extent: Extent): readonly [height: number, width: number] {
  return typeof extent === 'number' ? [extent, extent] : extent;
}

function layoutOf({ kernel, stride, dilation = 1, padding }: WindowOptions) {
  return {
    stride: [stride, stride] as const,
    dilation: [dilation, dilation] as const,
    padding: paddingOf(extentOf(kernel), stride, dilation, padding),
  };
}

function paddingOf(
  kernel: readonly [number, number],
  stride: number,
  dilation: number,
  padding: Padding,
): KernelPadding {
  if (padding === 'same' || padding === 'valid') return padding;
  const half = mapTuple(kernel, (side) => (dilation * (side - 1)) / 2);
  const [vertical, horizontal] = padding === 'symmetric' ? half : extentOf(padding);
  // At stride 1 half a window on both sides is SAME padding, and needs no copy of the map.
  if (stride === 1 && vertical === half[0] && horizontal === half[1]) return 'same';
  return [vertical, vertical, horizontal, horizontal];
}

function bias(
  parameters: Parameters,
  name: string,
  channels: number,
  options: WindowOptions,
): (input: tf.Tensor4D) => tf.Tensor4D {
  if (!options.bias) return (input) => input;
  const variable = parameters.create(`${name}.bias`, {
    shape: [channels],
    layout: 'plain',
    role: 'bias',
    initialise: options.initialiseBias ?? zeros,
    ...frozenOf(options),
  });
  return (input) => tf.add(input, variable);
}

const frozenOf = ({ frozen }: Pick<WindowOptions, 'frozen'>) => (frozen === undefined ? {} : { frozen });
