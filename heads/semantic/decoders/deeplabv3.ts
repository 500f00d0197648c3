import * as z from 'zod';
import { type FeatureSpec, LEVELS, type Level } from '../../../backbones/features.js';
import { reciprocalUniform } from '../../../backbones/initialisers.js';
import { ACTIVATIONS, convolution } from '../../../backbones/layers/index.js';
import { aspp } from '../parts/aspp.js';
import { normLayer } from '../parts/norm.js';
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

/** Dilations of the pooling's three branches, 1 to 64 cells. */
export const ratesConfig = z.tuple([z.int().min(1).max(64), z.int().min(1).max(64), z.int().min(1).max(64)]).readonly();

/** A DeepLabV3 decoder in a config file; an unknown key is an error. */
export const deepLabV3Config = z.strictObject({
  kind: z.literal('deeplabv3'),
  depth: depthConfig.default(5).describe('The map it reads, 3 to 5: 5 is P5. Made for backbones of output stride 8'),
  channels: channelsConfig.default(256).describe('Channels of every branch and of the result, 1 to 4096'),
  rates: ratesConfig.default([12, 24, 36]).describe('Dilations of the three branches, 1 to 64 cells each'),
  separable: z
    .boolean()
    .default(false)
    .describe('True: the convolutions of the branches are depthwise and pointwise ones'),
  dropout: dropoutConfig.default(0.5).describe('Share of values dropped while training, from 0 up to below 1'),
});

const levelsOf = (features: Partial<FeatureSpec>, depth: number) =>
  levelsBetween(features, { name: 'deeplabv3', first: depth, last: depth });

/**
 * DeepLabV3: atrous spatial pyramid pooling over the deepest map, and a 3x3 convolution. The backbone's output stride sets
 * the result's.
 *
 * @source Chen et al. 2017, arXiv:1706.05587
 */
export const deepLabV3 = defineDecoder({
  config: deepLabV3Config,
  reads: (features, { depth }) => levelsOf(features, depth),
  create: (features, { depth, channels, rates, separable, dropout }, parameters) => {
    const level = LEVELS[depth] as Level;
    const levels = levelsOf(features, depth);
    const inChannels = infoOf(features, level).channels;
    const pool = aspp(parameters, 'decoder.aspp', { inChannels, outChannels: channels, rates, separable, dropout });
    const mix = convolution(parameters, 'decoder.conv', {
      kernel: 3,
      stride: 1,
      padding: 'symmetric',
      bias: false,
      inChannels: channels,
      outChannels: channels,
      initialise: reciprocalUniform,
    });
    const normalise = normLayer(parameters, 'decoder.bn', channels, 'batchnorm');
    return {
      levels,
      output: gridOfLevel(features, level, channels),
      stages: [],
      predictor: 1,
      upsampling: 'aligned',
      forward: (maps, pass) => {
        const pooled = pool(mapOf(maps, features, level), pass);
        return { map: ACTIVATIONS.relu(normalise(mix(pooled, pass), pass)), stages: [] };
      },
    };
  },
});
