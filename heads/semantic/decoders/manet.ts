import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { heUniform } from '../../../backbones/initialisers.js';
import { convolution, type MapLayer, sequence } from '../../../backbones/layers/index.js';
import type { Parameters } from '../../../backbones/parameters.js';
import { channelGate } from '../parts/channelGate.js';
import { convNormRelu } from '../parts/convNormRelu.js';
import { INTERPOLATIONS, interpolationConfig, resizeTo } from '../parts/interpolate.js';
import { normConfig } from '../parts/norm.js';
import { type SkipBlock, type SkipBlockOptions, skipBlock } from '../parts/skipBlock.js';
import { channelsConfig, defineDecoder, depthConfig, infoOf, mapOf, wholeInput } from './decoder.js';
import { checkWidths, skipLevels, skipPlan } from './skips.js';

/** An MA-Net decoder in a config file; an unknown key is an error. */
export const manetConfig = z.strictObject({
  kind: z.literal('manet'),
  depth: depthConfig.default(5).describe('The deepest map it reads, 3 to 5: 5 is P5'),
  channels: z
    .array(channelsConfig)
    .min(3)
    .max(5)
    .readonly()
    .default([256, 128, 64, 32, 16])
    .describe('Channels of every step, coarsest first, 1 to 4096 each: as many as the depth'),
  pabChannels: channelsConfig
    .default(64)
    .describe('Channels of the two small maps of the position attention, 1 to 4096'),
  norm: normConfig.default('batchnorm').describe('Between convolution and activation, see normConfig'),
  interpolation: interpolationConfig.default('nearest').describe('How a map is brought to the next finer grid'),
});

/** Reduction of the channel gates. */
const REDUCTION = 16;

/**
 * MA-Net: a U-Net whose deepest map attends to all its positions, and whose steps weigh channels by both the coarser and
 * the finer map. The attention compares every pair of the deepest map's cells: its memory grows with their number squared.
 * Reads P1 to P`depth`; where the backbone has no P1 or P2, that step is a plain one.
 *
 * @source Fan et al. 2020, "MA-Net: a multi-scale attention network for liver and tumor segmentation", IEEE Access 8
 */
export const manet = defineDecoder({
  config: manetConfig,
  reads: (features, { depth }) => skipLevels('manet', features, depth),
  create: (features, options, parameters) => {
    const { channels, norm, interpolation } = options;
    checkWidths('manet', options);
    const plan = skipPlan('manet', features, options);
    const head = infoOf(features, plan.deepest).channels;
    const center = positionAttention(parameters, 'decoder.center', head, options.pabChannels);
    const blocks = plan.skips.map((skip, i) => {
      const hasSkip = skip.channels > 0;
      const build = hasSkip ? gatedBlock : skipBlock;
      return build(parameters, `decoder.blocks.${i}`, {
        inChannels: channels[i - 1] ?? head,
        skipChannels: skip.channels,
        outChannels: channels[i] ?? 0,
        norm,
        interpolation,
        hasSkip,
      });
    });
    return {
      levels: plan.levels,
      output: wholeInput(channels.at(-1) ?? 0),
      stages: channels.slice(0, -1).reverse(),
      predictor: 3,
      upsampling: 'aligned',
      forward: (maps, pass) => {
        const grids = plan.gridsOf(maps);
        const steps: tf.Tensor4D[] = [];
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

/**
 * Adds to every cell a mean of all cells, weighed by one softmax over all pairs of them. Parameters `path.top_conv.*`,
 * `path.center_conv.*`, `path.bottom_conv.*`, `path.out_conv.*`.
 *
 * As released, the weighed cells [H * W, C] are read as [C, H, W] without a transposition; trained weights rely on it.
 */
function positionAttention(parameters: Parameters, path: string, channels: number, inner: number): MapLayer {
  const conv = (name: string, kernel: number, outChannels: number): MapLayer =>
    convolution(parameters, `${path}.${name}`, {
      kernel,
      stride: 1,
      padding: 'symmetric',
      bias: true,
      inChannels: channels,
      outChannels,
      initialise: heUniform,
    });
  const top = conv('top_conv', 1, inner);
  const center = conv('center_conv', 1, inner);
  const bottom = conv('bottom_conv', 3, channels);
  const out = conv('out_conv', 3, channels);
  return (map, pass) => {
    const [N, height, width] = map.shape;
    const cells = height * width;
    const rows = (layer: MapLayer, wide: number) => tf.reshape(layer(map, pass), [N, cells, wide]);
    const pairs = tf.matMul(rows(center, inner), rows(top, inner), false, true); // [N, cells, cells]
    const shares = tf.reshape(tf.softmax(tf.reshape(pairs, [N, cells * cells])), [N, cells, cells]);
    const seen = tf.matMul(shares, rows(bottom, channels)); // [N, cells, C]
    const planes = tf.reshape(seen, [N, channels, height, width]);
    return out(tf.add(map, tf.transpose(planes, [0, 2, 3, 1])), pass);
  };
}

/**
 * A step whose coarser map is weighed by channel before it is joined with the finer one. Parameters `path.hl_conv.0.*`,
 * `path.hl_conv.1.*`, `path.SE_ll.*`, `path.SE_hl.*`, `path.conv1.*`, `path.conv2.*`.
 */
function gatedBlock(parameters: Parameters, path: string, options: SkipBlockOptions): SkipBlock {
  const { inChannels, skipChannels, outChannels, norm, interpolation } = options;
  const conv = (name: string, kernel: number, from: number, to: number): MapLayer =>
    convNormRelu(parameters, `${path}.${name}`, { kernel, inChannels: from, outChannels: to, norm });
  const narrow = sequence([
    conv('hl_conv.0', 3, inChannels, inChannels),
    conv('hl_conv.1', 1, inChannels, skipChannels),
  ]);
  const gate = { channels: skipChannels, reduced: Math.max(1, Math.floor(skipChannels / REDUCTION)) };
  const fine = channelGate(parameters, `${path}.SE_ll`, gate);
  const coarse = channelGate(parameters, `${path}.SE_hl`, gate);
  const mix = sequence([conv('conv1', 3, 2 * skipChannels, outChannels), conv('conv2', 3, outChannels, outChannels)]);
  return (map, grid, skip, pass) => {
    const finer = resizeTo(narrow(map, pass), grid, INTERPOLATIONS[interpolation]);
    if (!skip) return mix(finer, pass);
    const weights = tf.add(coarse(finer, pass), fine(skip, pass));
    return mix(tf.concat([tf.mul(finer, weights), skip], 3), pass);
  };
}
