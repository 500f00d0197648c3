import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import type { FeatureSpec } from '../../../backbones/features.js';
import { layerNorm } from '../../../backbones/layers/index.js';
import { resizeBilinear } from '../../../engine/kernels/index.js';
import { convNormRelu } from '../parts/convNormRelu.js';
import { gridOf, resizeTo } from '../parts/interpolate.js';
import { normConfig } from '../parts/norm.js';
import { pyramidPooling } from '../parts/pyramidPooling.js';
import { channelsConfig, defineDecoder, depthConfig, gridOfLevel, infoOf, levelsBetween, mapOf } from './decoder.js';

/** A UPerNet decoder in a config file; an unknown key is an error. */
export const uperNetConfig = z.strictObject({
  kind: z.literal('upernet'),
  depth: depthConfig.default(5).describe('The deepest map it reads, 3 to 5: 5 is P5'),
  channels: channelsConfig.default(256).describe('Channels of every map, 1 to 4096'),
  norm: normConfig.default('batchnorm').describe('Between convolution and activation, see normConfig'),
});

/** Epsilon of the layer norm that every map of the backbone goes through. */
const EPSILON = 1e-6;
const POOLINGS = 4;

const levelsOf = (features: Partial<FeatureSpec>, depth: number) =>
  levelsBetween(features, { name: 'upernet', first: 2, last: depth });

/**
 * UPerNet: pyramid pooling of the deepest map, a top-down pyramid from there, and all its maps side by side on the finest
 * grid. Reads P2 to P`depth`.
 *
 * @source Xiao et al. 2018, arXiv:1807.10221
 */
export const uperNet = defineDecoder({
  config: uperNetConfig,
  reads: (features, { depth }) => levelsOf(features, depth),
  create: (features, { depth, channels, norm }, parameters) => {
    const levels = levelsOf(features, depth);
    const widths = levels.map((level) => infoOf(features, level).channels);
    const norms = widths.map((width, i) =>
      layerNorm(parameters, `decoder.feature_norms.${i}`, { channels: width, epsilon: EPSILON }),
    );
    const deepest = widths.at(-1) ?? 0;
    const pool = pyramidPooling(parameters, {
      inChannels: deepest,
      outChannels: channels,
      normOf: () => norm,
      pathOf: (i) => `decoder.psp.blocks.${i}.1`,
      resize: resizeBilinear,
    });
    const block = (path: string, kernel: number, inChannels: number, own = norm) =>
      convNormRelu(parameters, path, { kernel, inChannels, outChannels: channels, norm: own });
    const pooled = block('decoder.psp.out_conv', 3, deepest + POOLINGS * channels, 'batchnorm');
    const lateralWidths = widths.slice(0, -1).reverse();
    const laterals = lateralWidths.map((width, i) => block(`decoder.fpn_lateral_blocks.${i}.conv_norm_relu`, 1, width));
    const smooths = lateralWidths.map((_, i) => block(`decoder.fpn_conv_blocks.${i}`, 3, channels));
    const fuse = block('decoder.fusion_block', 3, levels.length * channels);
    return {
      levels,
      output: gridOfLevel(features, 'P2', channels),
      stages: [],
      predictor: 1,
      upsampling: 'aligned',
      forward: (maps, pass) => {
        const normed = levels
          .map((level, i) => norms[i]?.(mapOf(maps, features, level), pass))
          .filter(isMap)
          .reverse();
        const [top, ...finer] = normed;
        if (!top) return { map: mapOf(maps, features, 'P2'), stages: [] };
        const pyramid = [pooled(tf.concat([top, ...pool(top, pass)], 3), pass)];
        for (const [i, map] of finer.entries()) {
          const lateral = laterals[i]?.(map, pass);
          const above = pyramid[i];
          if (lateral && above) pyramid.push(tf.add(resizeTo(above, gridOf(lateral), resizeBilinear), lateral));
        }
        const smoothed = pyramid.map((map, i) => smooths[i - 1]?.(map, pass) ?? map);
        const grid = gridOf(smoothed.at(-1) ?? top);
        const aligned = smoothed.map((map) => resizeTo(map, grid, resizeBilinear));
        return { map: fuse(tf.concat(aligned.reverse(), 3), pass), stages: [] };
      },
    };
  },
});

const isMap = (map: tf.Tensor4D | undefined): map is tf.Tensor4D => map !== undefined;
