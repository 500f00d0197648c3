import * as tf from '@tensorflow/tfjs';
import type * as z from 'zod';
import { type FeatureSpec, type Level, levelsOf } from '../../backbones/features.js';
import { fanInNormal, glorotUniform } from '../../backbones/initialisers.js';
import { ACTIVATIONS, batchNorm, convolution, NORM_MOMENTUM } from '../../backbones/layers/index.js';
import type { Layer } from '../../backbones/module.js';
import { createParameters, type Parameters } from '../../backbones/parameters.js';
import { readSettings } from '../../backbones/settings.js';
import { type ClassMap, IGNORED } from '../../datasets/sample.js';
import { ConfigError } from '../../engine/errors.js';
import { resizeBilinear } from '../../engine/kernels/index.js';
import { NORM_EPSILON } from '../../necks/resample.js';
import { separable } from '../../necks/separable.js';
import type { HeadSetting } from '../definition.js';
import type { Head } from '../head.js';
import { type SemanticConfig, semanticConfig } from './config.js';
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
  { classes, inputSize, ...settings }: SemanticOptions,
  features: FeatureSpec<In>,
): Head<In, SemanticRaw, SemanticTargets, ClassMap> {
  const options = readSettings(semanticConfig, { ...settings, kind: 'semantic' }, 'semantic head');
  const { channels, frozen } = options;
  if (!(classes >= 2 && classes <= IGNORED)) {
    throw new ConfigError(
      `semantic head: ${classes} classes: a pixel is one of 2 to ${IGNORED}, the background counts`,
    );
  }
  checkClassWeights(options.loss, classes);
  const owner = createParameters(options.seed ?? 1);
  const levels = levelsOf(features).map((level) => ({
    level,
    mix: block(owner, `semantic.level.${level}`, features[level].channels, options),
  }));
  const fuse = block(owner, 'semantic.fuse', channels, options);
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
  const finest = features[levelsOf(features)[0] as In];
  return {
    inputs: features,
    parameters: owner.parameters,
    dispose: owner.dispose,
    forward: (maps, pass) =>
      tf.tidy(() => {
        const mixed = levels.map(({ level, mix }) => mix(maps[level], pass));
        const [, height, width] = mixed[0]!.shape;
        const sum = mixed.reduce((total, map) => tf.add(total, resizeBilinear(map, height, width)));
        return predict(fuse(sum, pass), pass);
      }),
    exported: { outputs: (raw) => ({ scores: raw }), reading: { kind: 'classMap', covered: inputSize } },
    loss: (raw, targets) => semanticLoss(raw, targets, options.loss),
    decode: async (raw, placements) => {
      const [, height, width] = raw.shape;
      const values = (await raw.data()) as Float32Array;
      const size = height * width * classes;
      return placements.map((placement, i) => {
        const scores = values.subarray(i * size, (i + 1) * size);
        return decodeClassMap(
          { scores, height, width, classes },
          coveredSize(finest, [height, width], inputSize),
          placement,
        );
      });
    },
  };
}

/** Separable convolution, batch norm, activation. */
function block(owner: Parameters, name: string, inChannels: number, options: SemanticConfig): Layer<tf.Tensor4D> {
  const { channels, frozen } = options;
  const mix = separable(owner, `${name}.conv`, {
    inChannels,
    outChannels: channels,
    frozen,
    initialise: fanInNormal,
  });
  const normalise = batchNorm(owner, `${name}.bn`, {
    channels,
    epsilon: NORM_EPSILON,
    momentum: NORM_MOMENTUM,
    frozen,
  });
  const activate = ACTIVATIONS[options.activation];
  return (input, pass) => activate(normalise(mix(input, pass), pass));
}
