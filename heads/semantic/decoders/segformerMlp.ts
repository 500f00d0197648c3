import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import type { FeatureSpec } from '../../../backbones/features.js';
import { glorotUniform } from '../../../backbones/initialisers.js';
import { dense } from '../../../backbones/layers/index.js';
import { resizeBilinear } from '../../../engine/kernels/index.js';
import { convNormRelu } from '../parts/convNormRelu.js';
import { gridOf, resizeTo } from '../parts/interpolate.js';
import { channelsConfig, defineDecoder, depthConfig, gridOfLevel, infoOf, levelsBetween, mapOf } from './decoder.js';

/** SegFormer's decoder in a config file; an unknown key is an error. */
export const segformerMlpConfig = z.strictObject({
  kind: z.literal('segformer-mlp'),
  depth: depthConfig.default(5).describe('The deepest map it reads, 3 to 5: 5 is P5'),
  channels: channelsConfig.default(256).describe('Channels of every map, 1 to 4096'),
});

/** The grid of its result. */
const FINE_LEVEL = 'P2';

const levelsOf = (features: Partial<FeatureSpec>, depth: number) =>
  levelsBetween(features, { name: 'segformer-mlp', first: 1, last: depth, optional: ['P1'] });

/**
 * SegFormer's decoder: a linear layer per map, all brought to P2's grid, side by side, and one 1x1 convolution. Reads P1 to
 * P`depth`; backbones without P1, as SegFormer's own, give P2 to P`depth`.
 *
 * @source Xie et al. 2021, arXiv:2105.15203, section 3.2
 */
export const segformerMlp = defineDecoder({
  config: segformerMlpConfig,
  reads: (features, { depth }) => levelsOf(features, depth),
  create: (features, { depth, channels }, parameters) => {
    const levels = levelsOf(features, depth);
    const coarsestFirst = levels.toReversed();
    const layers = coarsestFirst.map((level, i) =>
      dense<tf.Tensor4D>(parameters, `decoder.mlp_stage.${i}.linear`, {
        inChannels: infoOf(features, level).channels,
        outChannels: channels,
        initialise: glorotUniform,
      }),
    );
    const fuse = convNormRelu(parameters, 'decoder.fuse_stage', {
      kernel: 1,
      inChannels: levels.length * channels,
      outChannels: channels,
      norm: 'batchnorm',
    });
    return {
      levels,
      output: gridOfLevel(features, FINE_LEVEL, channels),
      stages: [],
      predictor: 1,
      upsampling: 'aligned',
      forward: (maps, pass) => {
        const grid = gridOf(mapOf(maps, features, FINE_LEVEL));
        const aligned = coarsestFirst.map((level, i) => {
          const map = mapOf(maps, features, level);
          return resizeTo(layers[i]?.(map, pass) ?? map, grid, resizeBilinear);
        });
        return { map: fuse(tf.concat(aligned, 3), pass), stages: [] };
      },
    };
  },
});
