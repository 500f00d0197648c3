import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { type FeatureSpec, LEVELS, type Level } from '../../../backbones/features.js';
import { channelDropout } from '../../../backbones/layers/index.js';
import { resizeAligned } from '../../../engine/kernels/index.js';
import { convNormRelu } from '../parts/convNormRelu.js';
import { normConfig } from '../parts/norm.js';
import { pyramidPooling } from '../parts/pyramidPooling.js';
import {
  channelsConfig,
  defineDecoder,
  depthConfig,
  dropoutConfig,
  gridOfLevel,
  infoOf,
  levelsBetween,
  mapOf,
} from './decoder.js';

/** A pyramid pooling decoder in a config file; an unknown key is an error. */
export const pspNetConfig = z.strictObject({
  kind: z.literal('pspnet'),
  depth: depthConfig.default(3).describe('The map it reads, 3 to 5: 3 is P3'),
  channels: channelsConfig.default(512).describe('Channels of the result, 1 to 4096'),
  norm: normConfig
    .default('batchnorm')
    .describe('Between convolution and activation, see normConfig; the mean of the whole map has none'),
  dropout: dropoutConfig.default(0.2).describe('Share of channels dropped while training, from 0 up to below 1'),
});

/** Poolings: each has this share of the map's channels. */
const POOLINGS = 4;

const levelsOf = (features: Partial<FeatureSpec>, depth: number) =>
  levelsBetween(features, { name: 'pspnet', first: depth, last: depth });

/**
 * PSPNet: one map beside its means over 1, 4, 9 and 36 windows, projected to one width.
 *
 * @source Zhao et al. 2017, arXiv:1612.01105
 */
export const pspNet = defineDecoder({
  config: pspNetConfig,
  reads: (features, { depth }) => levelsOf(features, depth),
  create: (features, { depth, channels, norm, dropout }, parameters) => {
    const level = LEVELS[depth] as Level;
    const levels = levelsOf(features, depth);
    const inChannels = infoOf(features, level).channels;
    const outChannels = Math.max(1, Math.floor(inChannels / POOLINGS));
    const pool = pyramidPooling(parameters, {
      inChannels,
      outChannels,
      normOf: (size) => (size === 1 ? 'identity' : norm), // one cell per image has no spread to normalise by
      pathOf: (i) => `decoder.psp.blocks.${i}.pool.1`,
      resize: resizeAligned,
    });
    const project = convNormRelu(parameters, 'decoder.conv', {
      kernel: 1,
      inChannels: inChannels + POOLINGS * outChannels,
      outChannels: channels,
      norm,
    });
    const drop = channelDropout('decoder.dropout', dropout);
    return {
      levels,
      output: gridOfLevel(features, level, channels),
      stages: [],
      predictor: 3,
      upsampling: 'aligned',
      forward: (maps, pass) => {
        const map = mapOf(maps, features, level);
        const both = tf.concat([...pool(map, pass), map], 3);
        return { map: drop(project(both, pass), pass), stages: [] };
      },
    };
  },
});
