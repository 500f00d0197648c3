import * as tf from '@tensorflow/tfjs';
import type * as z from 'zod';
import type { FeatureSpec, Level } from '../../backbones/features.js';
import { fanInNormal, glorotUniform } from '../../backbones/initialisers.js';
import { convolution } from '../../backbones/layers/index.js';
import { MOST_OVERLAPPING } from '../../datasets/overlap.js';
import { type ClassMap, IGNORED } from '../../datasets/sample.js';
import { ConfigError } from '../../engine/errors.js';
import { resizeBilinear } from '../../engine/kernels/index.js';
import { separableBlock } from '../../necks/separable.js';
import { classMapReadingOf } from '../answers/classMap.js';
import { buildHead, imagesOf } from '../buildHead.js';
import type { HeadSetting } from '../definition.js';
import type { Head } from '../head.js';
import { averageLogits } from './average.js';
import { semanticConfig } from './config.js';
import { coveredSize } from './coveredSize.js';
import { decodeClassMap } from './decode.js';
import type { SemanticTargets } from './encoder.js';
import { type SemanticRaw, semanticLoss } from './loss.js';
import { checkClassWeights } from './losses/index.js';

/** The config's settings, and what the data decide; settings left out have the config's defaults. */
export type SemanticOptions = HeadSetting & Omit<z.input<typeof semanticConfig>, 'kind'>;

/**
 * Class of every pixel: each level is convolved, brought to the finest level's grid and added; a convolution over the
 * sum and a 1x1 prediction follow. Parameters `semantic.level.<name>.*`, `semantic.fuse.*`, `semantic.predict.*`.
 *
 * @param features `neck.features`; the finest level sets the output's stride
 * @throws ConfigError when the class weights do not fit the classes
 * @source Kirillov et al. 2019, arXiv:1901.02446, section 3.1, with separable convolutions
 */
export function createSemanticHead<In extends Level>(
  { classes, inputSize, overlaps = false, ...settings }: SemanticOptions,
  features: FeatureSpec<In>,
): Head<In, SemanticRaw, SemanticTargets, ClassMap> {
  return buildHead(semanticConfig, settings, features, ({ options, levels, owner }) => {
    const { channels, frozen, activation } = options;
    const [fewest, most] = overlaps ? [1, MOST_OVERLAPPING] : [2, IGNORED];
    if (!(classes >= fewest && classes <= most)) {
      throw new ConfigError(
        overlaps
          ? `semantic head: ${classes} classes: of those that may overlap a pixel tells 1 to ${most} apart`
          : `semantic head: ${classes} classes: a pixel is one of 2 to ${IGNORED}, the background counts`,
      );
    }
    checkClassWeights(options.loss, classes);
    const block = (name: string, inChannels: number) =>
      separableBlock(
        owner,
        { mix: `${name}.conv`, norm: `${name}.bn` },
        { inChannels, outChannels: channels, frozen, initialise: fanInNormal, activation },
      );
    const mixes = levels.map((level) => block(`semantic.level.${level}`, features[level].channels));
    const fuse = block('semantic.fuse', channels);
    const predict = convolution(owner, 'semantic.predict', {
      kernel: 1,
      stride: 1,
      padding: 'same',
      bias: true,
      inChannels: channels,
      outChannels: classes,
      frozen,
      initialise: glorotUniform,
    });
    const finest = features[levels[0] as In];
    return {
      forward: (maps, pass) => {
        const mixed = levels.map((level, i) => mixes[i]!(maps[level], pass));
        const [, height, width] = mixed[0]!.shape;
        const sum = mixed.reduce((total, map) => tf.add(total, resizeBilinear(map, height, width)));
        return predict(fuse(sum, pass), pass);
      },
      exported: { outputs: (raw) => ({ scores: raw }), reading: classMapReadingOf(inputSize, overlaps) },
      average: averageLogits,
      loss: (raw, targets) => semanticLoss(raw, targets, options.loss, overlaps),
      decode: async (raw, placements, options) => {
        const [, height, width] = raw.shape;
        const images = await imagesOf({ scores: raw }, placements.length);
        const covered = coveredSize(finest, [height, width], inputSize);
        return images.map(({ scores }, i) =>
          decodeClassMap({ scores, height, width, classes, overlaps }, covered, placements[i]!, options),
        );
      },
    };
  });
}
