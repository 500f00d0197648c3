import * as tf from '@tensorflow/tfjs-core';
import { groupNorm as groupNormKernel } from '../../engine/kernels/index.js';
import { ones, zeros } from '../initialisers.js';
import type { Layer } from '../module.js';
import type { Parameters } from '../parameters.js';

export interface GroupNormOptions {
  readonly channels: number;
  /** Equal runs of channels, a divisor of `channels`; as many as channels: instance norm. */
  readonly groups: number;
  readonly epsilon: number;
  /** False: normalised alone, without parameters. Defaults to true. */
  readonly affine?: boolean;
}

/**
 * Normalises groups of channels of each image by their own mean and variance, then scales and shifts. Parameters
 * `name.weight` (scale), `name.bias`.
 *
 * @source Wu & He 2018, arXiv:1803.08494; instance norm: Ulyanov et al. 2016, arXiv:1607.08022
 */
export function groupNorm(parameters: Parameters, name: string, options: GroupNormOptions): Layer<tf.Tensor4D> {
  const { channels, groups, epsilon, affine = true } = options;
  if (!affine) {
    return (input) => groupNormKernel(input, tf.ones([channels]), tf.zeros([channels]), { groups, epsilon });
  }
  const shared = { shape: [channels], layout: 'plain' } as const;
  const scale = parameters.create(`${name}.weight`, { ...shared, role: 'scale', initialise: ones });
  const offset = parameters.create(`${name}.bias`, { ...shared, role: 'bias', initialise: zeros });
  return (input) =>
    groupNormKernel(input, scale as tf.Variable<tf.Rank.R1>, offset as tf.Variable<tf.Rank.R1>, { groups, epsilon });
}
