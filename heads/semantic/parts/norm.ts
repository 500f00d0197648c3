import * as z from 'zod';
import { batchNorm, groupNorm, layerNorm, type MapLayer } from '../../../backbones/layers/index.js';
import type { Parameters } from '../../../backbones/parameters.js';

/** Kinds of normalisation after a decoder's convolutions. */
export const NORM_KINDS = ['batchnorm', 'identity', 'layernorm', 'instancenorm', 'inplace'] as const;

const settings = z.strictObject({
  type: z.enum(NORM_KINDS),
  /** Added to the variance, above 0. */
  eps: z.number().positive().max(1).default(1e-5),
  /** Share that a batch has in the moving statistics of batch norm, 0 to 1. */
  momentum: z.number().min(0).max(1).default(0.1),
  /** Whether the norm scales and shifts; null: all kinds but `instancenorm` do. */
  affine: z.boolean().nullable().default(null),
});

/**
 * The norm of a decoder: a kind, its settings, true (`batchnorm`) or false (`identity`: convolutions with biases instead).
 * `layernorm` normalises the channels of each cell. `inplace` has the parameters of InPlaceABN with a slope of 0, which are
 * those of batch norm, and its values where the scales are positive.
 */
export const normConfig = z.union([z.boolean(), z.enum(NORM_KINDS), settings]);
export type NormConfig = z.infer<typeof normConfig>;
export type NormSettings = z.infer<typeof settings>;

/** Settings of a norm that was given by its name or by a yes or no. */
export function normSettings(norm: NormConfig): NormSettings {
  if (typeof norm === 'object') return norm;
  const named = norm === true ? 'batchnorm' : norm === false ? 'identity' : norm;
  return settings.parse({ type: named });
}

const LAYERS: {
  readonly [K in NormSettings['type']]: (
    parameters: Parameters,
    path: string,
    channels: number,
    settings: NormSettings,
  ) => MapLayer;
} = {
  batchnorm: (parameters, path, channels, { eps, momentum }) =>
    batchNorm(parameters, path, { channels, epsilon: eps, momentum: 1 - momentum }),
  identity: () => (map) => map,
  layernorm: (parameters, path, channels, { eps }) => layerNorm(parameters, path, { channels, epsilon: eps }),
  instancenorm: (parameters, path, channels, { eps, affine }) =>
    groupNorm(parameters, path, { channels, groups: channels, epsilon: eps, affine: affine ?? false }),
  inplace: (parameters, path, channels, own) => LAYERS.batchnorm(parameters, path, channels, own),
};

/** A normalisation of [N, H, W, channels]; parameters below `path`, named as in PyTorch. */
export function normLayer(parameters: Parameters, path: string, channels: number, norm: NormConfig): MapLayer {
  const own = normSettings(norm);
  return LAYERS[own.type](parameters, path, channels, own);
}
