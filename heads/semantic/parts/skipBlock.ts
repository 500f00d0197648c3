import * as tf from '@tensorflow/tfjs';
import type { MapLayer } from '../../../backbones/layers/index.js';
import type { Pass } from '../../../backbones/module.js';
import type { Parameters } from '../../../backbones/parameters.js';
import { convNormRelu } from './convNormRelu.js';
import { INTERPOLATIONS, type Interpolation, resizeTo } from './interpolate.js';
import type { NormConfig } from './norm.js';
import { scse } from './scse.js';
import { untrained } from './untrained.js';

export interface SkipBlockOptions {
  /** Channels of the coarser map. */
  readonly inChannels: number;
  /** Channels of the finer one beside it. */
  readonly skipChannels: number;
  readonly outChannels: number;
  readonly norm: NormConfig;
  readonly interpolation: Interpolation;
  /** `scse` weighs channels and cells of what enters and of what leaves. Defaults to null: nothing. */
  readonly attention?: 'scse' | null;
  /** False: no finer map comes, not even an empty one, and the attention at the entrance is left unused. Defaults to true. */
  readonly hasSkip?: boolean;
}

/** @param skip the finer map; null: it has no channels */
export type SkipBlock = (
  map: tf.Tensor4D,
  grid: readonly [height: number, width: number],
  skip: tf.Tensor4D | null,
  pass: Pass,
) => tf.Tensor4D;

/**
 * A step of a U-Net: the map is brought to a finer grid, joined with the finer map, and convolved twice. Parameters
 * `path.conv1.*`, `path.conv2.*`, and with attention `path.attention1.attention.*`, `path.attention2.attention.*`.
 *
 * @source Ronneberger et al. 2015, arXiv:1505.04597
 */
export function skipBlock(parameters: Parameters, path: string, options: SkipBlockOptions): SkipBlock {
  const { inChannels, skipChannels, outChannels, norm, interpolation, attention = null, hasSkip = true } = options;
  const joined = inChannels + skipChannels;
  const isWeighed = attention === 'scse';
  const weigh = (owner: Parameters, name: string, channels: number): MapLayer =>
    isWeighed ? scse(owner, `${path}.${name}.attention`, channels) : (map) => map;
  const first = convNormRelu(parameters, `${path}.conv1`, { kernel: 3, inChannels: joined, outChannels, norm });
  const enter = weigh(hasSkip ? parameters : untrained(parameters), 'attention1', joined);
  const second = convNormRelu(parameters, `${path}.conv2`, { kernel: 3, inChannels: outChannels, outChannels, norm });
  const leave = weigh(parameters, 'attention2', outChannels);
  return (map, grid, skip, pass) => {
    const finer = resizeTo(map, grid, INTERPOLATIONS[interpolation]);
    const both = skip ? tf.concat([finer, skip], 3) : finer;
    return leave(second(first(hasSkip ? enter(both, pass) : both, pass), pass), pass);
  };
}
