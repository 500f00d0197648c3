import type * as tf from '@tensorflow/tfjs-core';
import { layerNorm as layerNormKernel } from '../../engine/kernels/index.js';
import { ones, zeros } from '../initialisers.js';
import type { Layer } from '../module.js';
import type { Parameters } from '../parameters.js';

/**
 * Normalises every vector of the last dimension by its own mean and variance, then scales and shifts; any rank.
 * Parameters `name.weight` (scale), `name.bias`.
 *
 * @source Ba et al. 2016, arXiv:1607.06450
 */
export function layerNorm<T extends tf.Tensor = tf.Tensor4D>(
  parameters: Parameters,
  name: string,
  { channels, epsilon }: { readonly channels: number; readonly epsilon: number },
): Layer<T> {
  const shared = { shape: [channels], layout: 'plain' } as const;
  const scale = parameters.create(`${name}.weight`, { ...shared, role: 'scale', initialise: ones });
  const offset = parameters.create(`${name}.bias`, { ...shared, role: 'bias', initialise: zeros });
  return (input) =>
    layerNormKernel(input, scale as tf.Variable<tf.Rank.R1>, offset as tf.Variable<tf.Rank.R1>, epsilon);
}
