import type * as tf from '@tensorflow/tfjs';
import { glorotUniform } from '../backbones/initialisers.js';
import { batchNorm, convolution, NORM_MOMENTUM } from '../backbones/layers/index.js';
import type { Layer } from '../backbones/module.js';
import type { Parameters } from '../backbones/parameters.js';
import { maxPool, resizeNearest } from '../engine/kernels/index.js';

/** Epsilon of every batch norm in neck and heads, as in the EfficientDet release. */
const NORM_EPSILON = 1e-3;

/** The batch norm of necks and heads. */
export const mapNorm = (parameters: Parameters, name: string, channels: number, frozen: boolean): Layer<tf.Tensor4D> =>
  batchNorm(parameters, name, { channels, epsilon: NORM_EPSILON, momentum: NORM_MOMENTUM, frozen });

export interface ProjectionOptions {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly frozen: boolean;
}

/** Brings a map to the pyramid's width: 1x1 convolution and batch norm, or nothing when it has it. */
export function projection(parameters: Parameters, name: string, options: ProjectionOptions): Layer<tf.Tensor4D> {
  const { inChannels, outChannels, frozen } = options;
  if (inChannels === outChannels) return (input) => input;
  const project = convolution(parameters, `${name}.conv.conv`, {
    kernel: 1,
    stride: 1,
    padding: 'same',
    bias: true,
    inChannels,
    outChannels,
    frozen,
    initialise: glorotUniform,
  });
  const normalise = mapNorm(parameters, `${name}.conv.bn`, outChannels, frozen);
  return (input, pass) => normalise(project(input, pass), pass);
}

/**
 * Brings a map to another grid: nearest neighbour up, max pool down. Where SAME padding gives another number of cells than
 * asked for (backbones that do not halve by rounding up), windows are laid out so that they cover the map.
 *
 * @param x       [N, h, w, C] float32
 * @param overlap cells that two windows have in common. Defaults to 1
 * @returns       [N, height, width, C] float32
 */
export function resampleTo(x: tf.Tensor4D, height: number, width: number, overlap = 1): tf.Tensor4D {
  const [, fromHeight, fromWidth] = x.shape;
  if (fromHeight > height || fromWidth > width) {
    const [rows, columns] = [windowsOf(fromHeight, height, overlap), windowsOf(fromWidth, width, overlap)];
    const padding = rows.isSame && columns.isSame ? 'same' : ([...rows.pad, ...columns.pad] as const);
    return maxPool(x, [rows.window, columns.window], [rows.stride, columns.stride], padding);
  }
  return fromHeight === height && fromWidth === width ? x : resizeNearest(x, height, width);
}

/** Pooling windows that bring `from` cells to `to`, along one axis. */
function windowsOf(from: number, to: number, overlap: number) {
  const same = Math.ceil(from / to);
  const isSame = Math.ceil(from / same) === to;
  const stride = isSame ? same : Math.floor(from / to);
  const reach = from - (to - 1) * stride; // from the last window's first cell to the end
  const window = Math.max(stride + overlap, reach);
  const missing = window - reach;
  const first = Math.floor(missing / 2); // the smaller half first, as in SAME padding
  return { isSame, window, stride, pad: [first, missing - first] as const };
}
