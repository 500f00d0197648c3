import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import type { FeatureSpec } from '../../../backbones/features.js';
import { reciprocalUniform } from '../../../backbones/initialisers.js';
import { convolution } from '../../../backbones/layers/index.js';
import { resizeBilinear } from '../../../engine/kernels/index.js';
import { convNormRelu } from '../parts/convNormRelu.js';
import { gridOf, resizeTo } from '../parts/interpolate.js';
import { channelsConfig, defineDecoder, gridOfLevel, infoOf, levelsBetween, mapOf } from './decoder.js';

/** A lite reduced pooling decoder in a config file; an unknown key is an error. */
export const lrasppConfig = z.strictObject({
  kind: z.literal('lraspp'),
  channels: channelsConfig.default(128).describe('Channels of the deep branch, 1 to 4096'),
});

const [FINE, DEEP] = ['P3', 'P5'] as const;

const levelsOf = (features: Partial<FeatureSpec>) =>
  [3, 5].flatMap((level) => levelsBetween(features, { name: 'lraspp', first: level, last: level }));

/**
 * LR-ASPP, MobileNetV3's decoder: the deepest map weighed by its own mean, predicted from beside P3. Made for backbones of
 * output stride 16; predicts by itself. Parameters named as in torchvision's `lraspp_mobilenet_v3_large`:
 * `classifier.cbr.0.weight`, `classifier.low_classifier.bias`.
 *
 * @source Howard et al. 2019, arXiv:1905.02244, section 6.4
 */
export const lraspp = defineDecoder({
  config: lrasppConfig,
  reads: (features) => levelsOf(features),
  create: (features, { channels, outputs }, parameters) => {
    const levels = levelsOf(features);
    const width = infoOf(features, DEEP).channels;
    const project = (path: string, inChannels: number, outChannels: number, bias: boolean) =>
      convolution(parameters, `classifier.${path}`, {
        kernel: 1,
        stride: 1,
        padding: 'same',
        bias,
        inChannels,
        outChannels,
        initialise: reciprocalUniform,
      });
    const mix = convNormRelu(parameters, 'classifier.cbr', {
      kernel: 1,
      inChannels: width,
      outChannels: channels,
      norm: 'batchnorm',
      initialise: reciprocalUniform,
    });
    const weigh = project('scale.1', width, channels, false);
    const predictFine = project('low_classifier', infoOf(features, FINE).channels, outputs, true);
    const predictDeep = project('high_classifier', channels, outputs, true);
    return {
      levels,
      output: gridOfLevel(features, FINE, outputs),
      stages: [],
      predictor: null,
      upsampling: 'centred',
      forward: (maps, pass) => {
        const [fine, deep] = [mapOf(maps, features, FINE), mapOf(maps, features, DEEP)];
        const weights = tf.sigmoid(weigh(tf.mean<tf.Tensor4D>(deep, [1, 2], true), pass));
        const seen = resizeTo(tf.mul(mix(deep, pass), weights), gridOf(fine), resizeBilinear);
        return { map: tf.add(predictFine(fine, pass), predictDeep(seen, pass)), stages: [] };
      },
    };
  },
});
