import type * as tf from '@tensorflow/tfjs';
import { glorotUniform } from '../backbones/initialisers.js';
import { batchNorm, convolution, NORM_MOMENTUM } from '../backbones/layers/index.js';
import type { Layer } from '../backbones/module.js';
import type { Parameters } from '../backbones/parameters.js';
import { maxPool, resizeNearest } from '../engine/kernels/index.js';

/** Of every batch norm in neck and heads, as the EfficientDet release has it. */
export const NORM_EPSILON = 1e-3;

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
  const normalise = batchNorm(parameters, `${name}.conv.bn`, {
    channels: outChannels,
    epsilon: NORM_EPSILON,
    momentum: NORM_MOMENTUM,
    frozen,
  });
  return (input, pass) => normalise(project(input, pass), pass);
}

/**
 * Brings a map to another grid: nearest neighbour up, max pool with SAME padding down.
 *
 * @param x [N, h, w, C] float32
 * @returns [N, height, width, C] float32
 */
export function resampleTo(x: tf.Tensor4D, height: number, width: number): tf.Tensor4D {
  const [, fromHeight, fromWidth] = x.shape;
  if (fromHeight > height || fromWidth > width) {
    const strideY = Math.ceil(fromHeight / height);
    const strideX = Math.ceil(fromWidth / width);
    return maxPool(x, [strideY + 1, strideX + 1], [strideY, strideX], 'same');
  }
  return fromHeight === height && fromWidth === width ? x : resizeNearest(x, height, width);
}
