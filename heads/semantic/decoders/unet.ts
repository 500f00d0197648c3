import type { Tensor4D } from '@tensorflow/tfjs';
import * as z from 'zod';
import { type MapLayer, sequence } from '../../../backbones/layers/index.js';
import type { Parameters } from '../../../backbones/parameters.js';
import { convNormRelu } from '../parts/convNormRelu.js';
import { interpolationConfig } from '../parts/interpolate.js';
import { type NormConfig, normConfig } from '../parts/norm.js';
import { skipBlock } from '../parts/skipBlock.js';
import { channelsConfig, defineDecoder, depthConfig, infoOf, mapOf, wholeInput } from './decoder.js';
import { checkWidths, skipLevels, skipPlan } from './skips.js';

/** A U-Net decoder in a config file; an unknown key is an error. */
export const unetConfig = z.strictObject({
  kind: z.literal('unet'),
  depth: depthConfig.default(5).describe('The deepest map it reads, 3 to 5: 5 is P5'),
  channels: z
    .array(channelsConfig)
    .min(3)
    .max(5)
    .readonly()
    .default([256, 128, 64, 32, 16])
    .describe('Channels of every step, coarsest first, 1 to 4096 each: as many as the depth'),
  norm: normConfig.default('batchnorm').describe('Between convolution and activation, see normConfig'),
  attention: z
    .literal('scse')
    .nullable()
    .default(null)
    .describe('scse: squeeze-and-excitation of channels and cells; null: none'),
  interpolation: interpolationConfig.default('nearest').describe('How a map is brought to the next finer grid'),
  centerBlock: z
    .boolean()
    .default(false)
    .describe('True: two more convolutions on the deepest map, as released decoders on VGG have them'),
});

/**
 * U-Net: the deepest map grows step by step, joined with the finer map at each, up to the input's own size. Reads P1 to
 * P`depth`; where the backbone has no P1 or P2, that step has nothing to join.
 *
 * @source Ronneberger et al. 2015, arXiv:1505.04597; attention: Roy et al. 2018, arXiv:1803.02579
 */
export const unet = defineDecoder({
  config: unetConfig,
  reads: (features, { depth }) => skipLevels('unet', features, depth),
  create: (features, options, parameters) => {
    const { channels, norm, attention, interpolation } = options;
    checkWidths('unet', options);
    const plan = skipPlan('unet', features, options);
    const head = infoOf(features, plan.deepest).channels;
    const center = options.centerBlock ? centerBlock(parameters, 'decoder.center', head, norm) : (map: Tensor4D) => map;
    const blocks = plan.skips.map((skip, i) =>
      skipBlock(parameters, `decoder.blocks.${i}`, {
        inChannels: channels[i - 1] ?? head,
        skipChannels: skip.channels,
        outChannels: channels[i] ?? 0,
        norm,
        attention,
        interpolation,
        hasSkip: skip.level !== 'P0',
      }),
    );
    return {
      levels: plan.levels,
      output: wholeInput(channels.at(-1) ?? 0),
      stages: channels.slice(0, -1).reverse(),
      predictor: 3,
      upsampling: 'aligned',
      forward: (maps, pass) => {
        const grids = plan.gridsOf(maps);
        const steps: Tensor4D[] = [];
        let map = center(mapOf(maps, features, plan.deepest), pass);
        for (const [i, { level, channels: width }] of plan.skips.entries()) {
          const skip = width > 0 ? mapOf(maps, features, level) : null;
          map = blocks[i]?.(map, grids[i] ?? [0, 0], skip, pass) ?? map;
          steps.unshift(map);
        }
        return { map, stages: steps.slice(1) };
      },
    };
  },
});

/** Two convolutions that keep the width. Parameters `path.0.*`, `path.1.*`. */
export function centerBlock(parameters: Parameters, path: string, channels: number, norm: NormConfig): MapLayer {
  const shared = { kernel: 3, inChannels: channels, outChannels: channels, norm };
  return sequence([convNormRelu(parameters, `${path}.0`, shared), convNormRelu(parameters, `${path}.1`, shared)]);
}
