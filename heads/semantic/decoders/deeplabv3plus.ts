import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { type FeatureSpec, LEVELS, type Level } from '../../../backbones/features.js';
import { reciprocalUniform } from '../../../backbones/initialisers.js';
import { ACTIVATIONS, sequence } from '../../../backbones/layers/index.js';
import { resizeAligned } from '../../../engine/kernels/index.js';
import { aspp, separableNormRelu } from '../parts/aspp.js';
import { convNormRelu } from '../parts/convNormRelu.js';
import { gridOf, resizeTo } from '../parts/interpolate.js';
import { normLayer } from '../parts/norm.js';
import { separable as separableConvolution } from '../parts/separable.js';
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
import { ratesConfig } from './deeplabv3.js';

/** Channels that the fine map is narrowed to, by the paper. */
const FINE = 48;
const FINE_LEVEL = 'P2';

/** A DeepLabV3+ decoder in a config file; an unknown key is an error. */
export const deepLabV3PlusConfig = z.strictObject({
  kind: z.literal('deeplabv3plus'),
  depth: depthConfig
    .default(5)
    .describe('The deepest map it reads, 3 to 5: 5 is P5. Made for backbones of output stride 16 or 8'),
  channels: channelsConfig.default(256).describe('Channels of every branch and of the result, 1 to 4096'),
  rates: ratesConfig.default([12, 24, 36]).describe('Dilations of the three branches, 1 to 64 cells each'),
  separable: z
    .boolean()
    .default(true)
    .describe('True: the convolutions of the branches are depthwise and pointwise ones'),
  dropout: dropoutConfig.default(0.5).describe('Share of values dropped while training, from 0 up to below 1'),
});

const levelsOf = (features: Partial<FeatureSpec>, depth: number) =>
  [2, depth].flatMap((level) => levelsBetween(features, { name: 'deeplabv3plus', first: level, last: level }));

/**
 * DeepLabV3+: atrous spatial pyramid pooling over the deepest map, brought to P2's grid and mixed with it. Reads P2 and
 * P`depth`.
 *
 * @source Chen et al. 2018, arXiv:1802.02611
 */
export const deepLabV3Plus = defineDecoder({
  config: deepLabV3PlusConfig,
  reads: (features, { depth }) => levelsOf(features, depth),
  create: (features, { depth, channels, rates, separable, dropout }, parameters) => {
    const deepest = LEVELS[depth] as Level;
    const levels = levelsOf(features, depth);
    const inChannels = infoOf(features, deepest).channels;
    const coarse = sequence([
      aspp(parameters, 'decoder.aspp.0', { inChannels, outChannels: channels, rates, separable, dropout }),
      separableConvolution(parameters, 'decoder.aspp.1', { inChannels: channels, outChannels: channels }),
      normLayer(parameters, 'decoder.aspp.2', channels, 'batchnorm'),
      ACTIVATIONS.relu,
    ]);
    const fine = convNormRelu(parameters, 'decoder.block1', {
      kernel: 1,
      inChannels: infoOf(features, FINE_LEVEL).channels,
      outChannels: FINE,
      norm: 'batchnorm',
      initialise: reciprocalUniform,
    });
    const mix = separableNormRelu(parameters, 'decoder.block2', { inChannels: FINE + channels, outChannels: channels });
    return {
      levels,
      output: gridOfLevel(features, FINE_LEVEL, channels),
      stages: [],
      predictor: 1,
      upsampling: 'aligned',
      forward: (maps, pass) => {
        const narrow = fine(mapOf(maps, features, FINE_LEVEL), pass);
        const seen = coarse(mapOf(maps, features, deepest), pass);
        const both = tf.concat([resizeTo(seen, gridOf(narrow), resizeAligned), narrow], 3);
        return { map: mix(both, pass), stages: [] };
      },
    };
  },
});
