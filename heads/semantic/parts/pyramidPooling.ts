import type * as tf from '@tensorflow/tfjs';
import { adaptiveMean } from '../../../backbones/layers/index.js';
import type { Pass } from '../../../backbones/module.js';
import type { Parameters } from '../../../backbones/parameters.js';
import { convNormRelu } from './convNormRelu.js';
import { gridOf } from './interpolate.js';
import type { NormConfig } from './norm.js';

/** Windows per side of each pooling, by the paper. */
const SIZES = [1, 2, 3, 6] as const;

export interface PyramidPoolingOptions {
  readonly inChannels: number;
  /** Output channels of each of the four poolings. */
  readonly outChannels: number;
  /** Norm of the pooling with `size` windows per side. */
  readonly normOf: (size: number) => NormConfig;
  /** Path of a pooling's convolution. */
  readonly pathOf: (index: number) => string;
  readonly resize: (map: tf.Tensor4D, height: number, width: number) => tf.Tensor4D;
}

/**
 * Means of 1, 4, 9 and 36 windows of a map, each convolved and brought back to the map's grid.
 *
 * @source Zhao et al. 2017, arXiv:1612.01105, section 3.2
 */
export function pyramidPooling(
  parameters: Parameters,
  { inChannels, outChannels, normOf, pathOf, resize }: PyramidPoolingOptions,
): (map: tf.Tensor4D, pass: Pass) => readonly tf.Tensor4D[] {
  const layers = SIZES.map((size, i) =>
    convNormRelu(parameters, pathOf(i), { kernel: 1, inChannels, outChannels, norm: normOf(size) }),
  );
  return (map, pass) =>
    layers.map((layer, i) => {
      const size = SIZES[i] ?? 1;
      return resize(layer(adaptiveMean(map, [size, size]), pass), ...gridOf(map));
    });
}
