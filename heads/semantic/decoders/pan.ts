import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import type { FeatureSpec } from '../../../backbones/features.js';
import { heUniform } from '../../../backbones/initialisers.js';
import { ACTIVATIONS, convolution, type MapLayer, sequence } from '../../../backbones/layers/index.js';
import type { Pass } from '../../../backbones/module.js';
import type { Parameters } from '../../../backbones/parameters.js';
import { maxPool, resizeAligned } from '../../../engine/kernels/index.js';
import { gridOf, INTERPOLATIONS, type Interpolation, interpolationConfig, resizeTo } from '../parts/interpolate.js';
import { normLayer } from '../parts/norm.js';
import { channelsConfig, defineDecoder, depthConfig, gridOfLevel, infoOf, levelsBetween, mapOf } from './decoder.js';

/** A pyramid attention decoder in a config file; an unknown key is an error. */
export const panConfig = z.strictObject({
  kind: z.literal('pan'),
  depth: depthConfig
    .default(5)
    .describe('The deepest map it reads, 3 to 5: 5 is P5. Made for backbones of output stride 16 or 32'),
  channels: channelsConfig.default(32).describe('Channels of every map, 1 to 4096'),
  interpolation: interpolationConfig
    .default('bilinear')
    .describe('How a map is brought to the next finer grid; bilinear keeps the corners in place here'),
});

const levelsOf = (features: Partial<FeatureSpec>, depth: number) =>
  levelsBetween(features, { name: 'pan', first: 2, last: depth });

/**
 * Pyramid attention network: the deepest map is weighed by a small pyramid of its own, and on the way up each coarser map
 * weighs the channels of the finer one. Reads P2 to P`depth`.
 *
 * @source Li et al. 2018, arXiv:1805.10180
 */
export const pan = defineDecoder({
  config: panConfig,
  reads: (features, { depth }) => levelsOf(features, depth),
  create: (features, { depth, channels, interpolation }, parameters) => {
    const levels = levelsOf(features, depth);
    const widths = levels.map((level) => infoOf(features, level).channels);
    const attend = featurePyramidAttention(parameters, 'decoder.fpa', widths.at(-1) ?? 0, channels);
    const finer = levels.slice(0, -1);
    const steps = finer.map((_, i) =>
      globalAttentionUpsample(parameters, `decoder.gau${i + 1}`, {
        inChannels: widths[i] ?? 0,
        channels,
        interpolation,
      }),
    );
    return {
      levels,
      output: gridOfLevel(features, 'P2', channels),
      stages: [],
      predictor: 3,
      upsampling: 'aligned',
      forward: (maps, pass) => {
        const deepest = levels.at(-1) ?? 'P5';
        let map = attend(mapOf(maps, features, deepest), pass);
        for (const [i, level] of [...finer.entries()].reverse()) {
          map = steps[i]?.(mapOf(maps, features, level), map, pass) ?? map;
        }
        return { map, stages: [] };
      },
    };
  },
});

/** Convolution with bias, batch norm, and ReLU unless it is `linear`. Parameters `path.conv.*`, `path.bn.*`. */
function block(
  parameters: Parameters,
  path: string,
  [kernel, inChannels, outChannels]: readonly [kernel: number, inChannels: number, outChannels: number],
  linear = false,
): MapLayer {
  return sequence([
    convolution(parameters, `${path}.conv`, {
      kernel,
      stride: 1,
      padding: 'symmetric',
      bias: true,
      inChannels,
      outChannels,
      initialise: heUniform,
    }),
    normLayer(parameters, `${path}.bn`, outChannels, 'batchnorm'),
    linear ? ACTIVATIONS.linear : ACTIVATIONS.relu,
  ]);
}

/** One weight per cell from three poolings of the map, times the map, plus its mean. Parameters `path.down1.1.*` and so on. */
function featurePyramidAttention(parameters: Parameters, path: string, inChannels: number, channels: number): MapLayer {
  const whole = block(parameters, `${path}.branch1.1`, [1, inChannels, channels]);
  const middle = block(parameters, `${path}.mid.0`, [1, inChannels, channels]);
  const down1 = block(parameters, `${path}.down1.1`, [7, inChannels, 1]);
  const down2 = block(parameters, `${path}.down2.1`, [5, 1, 1]);
  const down3 = sequence([
    block(parameters, `${path}.down3.1`, [3, 1, 1]),
    block(parameters, `${path}.down3.2`, [3, 1, 1]),
  ]);
  const conv2 = block(parameters, `${path}.conv2`, [5, 1, 1]);
  const conv1 = block(parameters, `${path}.conv1`, [7, 1, 1]);
  return (map, pass) => {
    const x1 = down1(halved(map), pass);
    const x2 = down2(halved(x1), pass);
    const x3 = down3(halved(x2), pass);
    const fourth = tf.add<tf.Tensor4D>(conv2(x2, pass), resizeTo(x3, gridOf(x2), resizeAligned));
    const second = tf.add<tf.Tensor4D>(resizeTo(fourth, gridOf(x1), resizeAligned), conv1(x1, pass));
    const weights = resizeTo(second, gridOf(map), resizeAligned); // [N, H, W, 1]
    const mean = whole(tf.mean<tf.Tensor4D>(map, [1, 2], true), pass);
    return tf.add(tf.mul(middle(map, pass), weights), mean);
  };
}

/** Largest of each 2x2 cells; a last odd cell is left out, an axis of one cell stays. */
function halved(map: tf.Tensor4D): tf.Tensor4D {
  const [height, width] = gridOf(map);
  const window = [Math.min(2, height), Math.min(2, width)] as const;
  return maxPool(map, window, window, 'valid');
}

/** The finer map, weighed by what the coarser one shows as a whole, plus the coarser one. */
function globalAttentionUpsample(
  parameters: Parameters,
  path: string,
  options: { readonly inChannels: number; readonly channels: number; readonly interpolation: Interpolation },
): (finer: tf.Tensor4D, coarser: tf.Tensor4D, pass: Pass) => tf.Tensor4D {
  const { inChannels, channels, interpolation } = options;
  const weigh = block(parameters, `${path}.conv1.1`, [1, channels, channels], true);
  const mix = block(parameters, `${path}.conv2`, [3, inChannels, channels]);
  const resize = interpolation === 'bilinear' ? resizeAligned : INTERPOLATIONS[interpolation];
  return (finer, coarser, pass) => {
    const weights = tf.sigmoid(weigh(tf.mean<tf.Tensor4D>(coarser, [1, 2], true), pass));
    return tf.add(resizeTo(coarser, gridOf(finer), resize), tf.mul(mix(finer, pass), weights));
  };
}
