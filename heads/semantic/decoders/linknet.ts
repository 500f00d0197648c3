import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { ACTIVATIONS, type MapLayer, sequence, transposedConvolution } from '../../../backbones/layers/index.js';
import type { Parameters } from '../../../backbones/parameters.js';
import { resizeBilinear } from '../../../engine/kernels/index.js';
import { convNormRelu } from '../parts/convNormRelu.js';
import { resizeTo } from '../parts/interpolate.js';
import { type NormConfig, normConfig, normLayer } from '../parts/norm.js';
import { defineDecoder, depthConfig, infoOf, mapOf, wholeInput } from './decoder.js';
import { skipLevels, skipPlan } from './skips.js';

/** A LinkNet decoder in a config file; an unknown key is an error. */
export const linknetConfig = z.strictObject({
  kind: z.literal('linknet'),
  depth: depthConfig.default(5).describe('The deepest map it reads, 3 to 5: 5 is P5'),
  norm: normConfig.default('batchnorm').describe('Between convolution and activation, see normConfig'),
});

/** Channels of the last step. */
const LAST = 32;

/**
 * LinkNet: the deepest map is doubled by transposed convolutions and the finer map added at each step. Reads P1 to P`depth`;
 * where the backbone has no P1 or P2, nothing is added.
 *
 * @source Chaurasia & Culurciello 2017, arXiv:1707.03718
 */
export const linknet = defineDecoder({
  config: linknetConfig,
  reads: (features, { depth }) => skipLevels('linknet', features, depth),
  create: (features, { depth, norm, inputSize }, parameters) => {
    const { levels, deepest, skips, gridsOf } = skipPlan('linknet', features, { depth, inputSize });
    const widths = [infoOf(features, deepest).channels];
    for (const { level, channels } of skips) widths.push(level === 'P0' ? LAST : channels || (widths.at(-1) ?? 0));
    const blocks = skips.map((_, i) =>
      doubling(parameters, `decoder.blocks.${i}.block`, [widths[i] ?? 0, widths[i + 1] ?? 0], norm),
    );
    return {
      levels,
      output: wholeInput(LAST),
      stages: widths.slice(1, -1).reverse(),
      predictor: 1,
      upsampling: 'aligned',
      forward: (maps, pass) => {
        const grids = gridsOf(maps);
        const steps: tf.Tensor4D[] = [];
        let map = mapOf(maps, features, deepest);
        for (const [i, { level, channels }] of skips.entries()) {
          const doubled = blocks[i]?.(map, pass) ?? map;
          map = resizeTo(doubled, grids[i] ?? [0, 0], resizeBilinear); // of odd grids the double is one too large
          if (channels > 0) map = tf.add(map, mapOf(maps, features, level));
          steps.unshift(map);
        }
        return { map, stages: steps.slice(1) };
      },
    };
  },
});

/** Narrowed to a quarter, doubled by a transposed convolution, and widened. Parameters `path.0.*`, `path.1.*`, `path.2.*`. */
function doubling(
  parameters: Parameters,
  path: string,
  [inChannels, outChannels]: readonly [number, number],
  norm: NormConfig,
): MapLayer {
  const inner = Math.max(1, Math.floor(inChannels / 4));
  return sequence([
    convNormRelu(parameters, `${path}.0`, { kernel: 1, inChannels, outChannels: inner, norm }),
    transposedConvolution(parameters, `${path}.1.0`, { kernel: 4, stride: 2, inChannels: inner, outChannels: inner }),
    normLayer(parameters, `${path}.1.1`, inner, norm),
    ACTIVATIONS.relu,
    convNormRelu(parameters, `${path}.2`, { kernel: 1, inChannels: inner, outChannels, norm }),
  ]);
}
