import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import type { FeatureSpec } from '../../../backbones/features.js';
import { heUniform } from '../../../backbones/initialisers.js';
import {
  ACTIVATIONS,
  channelDropout,
  convolution,
  groupNorm,
  type MapLayer,
  sequence,
} from '../../../backbones/layers/index.js';
import type { Parameters } from '../../../backbones/parameters.js';
import { resizeAligned } from '../../../engine/kernels/index.js';
import { gridOf, INTERPOLATIONS, interpolationConfig, resizeTo } from '../parts/interpolate.js';
import { channelsConfig, defineDecoder, dropoutConfig, gridOfLevel, infoOf, levelsBetween, mapOf } from './decoder.js';

/** Groups of the branches' group norm. */
const GROUPS = 32;
const EPSILON = 1e-5;

/** A feature pyramid decoder in a config file; an unknown key is an error. */
export const fpnConfig = z.strictObject({
  kind: z.literal('fpn'),
  depth: z
    .union([z.literal(4), z.literal(5)])
    .default(5)
    .describe('The deepest of the four maps it reads, 4 or 5: 5 is P5'),
  pyramidChannels: channelsConfig.default(256).describe('Channels of the pyramid, 1 to 4096'),
  segmentationChannels: channelsConfig
    .multipleOf(GROUPS)
    .default(128)
    .describe('Channels of the branch of each level, 32 to 4096: a multiple of 32, the groups of its norm'),
  merge: z
    .enum(['add', 'cat'])
    .default('add')
    .describe('How the branches meet: add sums them, cat puts them side by side'),
  dropout: dropoutConfig.default(0.2).describe('Share of channels dropped while training, from 0 up to below 1'),
  interpolation: interpolationConfig
    .default('nearest')
    .describe('How a map of the pyramid is brought to the next finer grid'),
});

const levelsOf = (features: Partial<FeatureSpec>, depth: number) =>
  levelsBetween(features, { name: 'fpn', first: depth - 3, last: depth });

/**
 * Feature pyramid decoder: a top-down pyramid of four maps, and a branch per map that doubles it up to the finest one's
 * grid. Reads P2 to P5, or P1 to P4.
 *
 * @source Kirillov et al. 2019, arXiv:1901.02446, section 3.1
 */
export const fpn = defineDecoder({
  config: fpnConfig,
  reads: (features, { depth }) => levelsOf(features, depth),
  create: (features, options, parameters) => {
    const { depth, pyramidChannels, segmentationChannels, merge, dropout, interpolation } = options;
    const levels = levelsOf(features, depth);
    const coarsestFirst = levels.toReversed();
    const laterals = coarsestFirst.map((level, i) =>
      convolution(parameters, i === 0 ? 'decoder.p5' : `decoder.p${5 - i}.skip_conv`, {
        kernel: 1,
        stride: 1,
        padding: 'same',
        bias: true,
        inChannels: infoOf(features, level).channels,
        outChannels: pyramidChannels,
        initialise: heUniform,
      }),
    );
    const branches = coarsestFirst.map((_, i) => {
      const doublings = coarsestFirst.length - 1 - i;
      return Array.from({ length: Math.max(1, doublings) }, (__, k) =>
        mixed(parameters, `decoder.seg_blocks.${i}.block.${k}.block`, {
          inChannels: k === 0 ? pyramidChannels : segmentationChannels,
          outChannels: segmentationChannels,
        }),
      );
    });
    const drop = channelDropout('decoder.dropout', dropout);
    const isSum = merge === 'add';
    return {
      levels,
      output: gridOfLevel(
        features,
        levels[0] ?? 'P2',
        isSum ? segmentationChannels : segmentationChannels * coarsestFirst.length,
      ),
      stages: [],
      predictor: 1,
      upsampling: 'aligned',
      forward: (maps, pass) => {
        const pyramid: tf.Tensor4D[] = [];
        for (const [i, level] of coarsestFirst.entries()) {
          const lateral = laterals[i]?.(mapOf(maps, features, level), pass);
          const above = pyramid[i - 1];
          if (!lateral) continue;
          const resize = INTERPOLATIONS[interpolation];
          pyramid.push(above ? tf.add(resizeTo(above, gridOf(lateral), resize), lateral) : lateral);
        }
        const grids = pyramid.map(gridOf);
        const found = pyramid.map((map, i) =>
          (branches[i] ?? []).reduce((branch, mix, k) => {
            const grid = grids[i + k + 1] ?? grids[i] ?? gridOf(branch);
            return resizeTo(mix(branch, pass), grid, resizeAligned);
          }, map),
        );
        const merged = isSum ? found.reduce((sum, map) => tf.add(sum, map)) : tf.concat(found, 3);
        return { map: drop(merged, pass), stages: [] };
      },
    };
  },
});

/** 3x3 convolution, group norm, ReLU. Parameters `path.0.weight`, `path.1.*`. */
function mixed(
  parameters: Parameters,
  path: string,
  { inChannels, outChannels }: { readonly inChannels: number; readonly outChannels: number },
): MapLayer {
  return sequence([
    convolution(parameters, `${path}.0`, {
      kernel: 3,
      stride: 1,
      padding: 'symmetric',
      bias: false,
      inChannels,
      outChannels,
      initialise: heUniform,
    }),
    groupNorm(parameters, `${path}.1`, { channels: outChannels, groups: GROUPS, epsilon: EPSILON }),
    ACTIVATIONS.relu,
  ]);
}
