import * as tf from '@tensorflow/tfjs';
import type * as z from 'zod';
import type { Architecture } from '../../backbones/family.js';
import { type FeatureSpec, type Level, levelsOf } from '../../backbones/features.js';
import { normal } from '../../backbones/initialisers.js';
import { dense, dropout as dropoutLayer, globalMean } from '../../backbones/layers/index.js';
import type { Pass } from '../../backbones/module.js';
import type { Parameters } from '../../backbones/parameters.js';
import type { ClassScores } from '../../datasets/sample.js';
import { ConfigError } from '../../engine/errors.js';
import { buildHead, imagesOf } from '../buildHead.js';
import type { HeadSetting } from '../definition.js';
import type { Head } from '../head.js';
import { type ClassificationConfig, classificationConfig } from './config.js';
import type { ClassificationTargets } from './encoder.js';
import { type ClassificationRaw, classificationLoss } from './loss.js';

/** Spread of the initial weights of a classifier of pooled features. */
const STD = 0.01;

/** The config's settings, and what network and data decide; settings left out have the config's defaults. */
export interface ClassificationOptions
  extends Pick<HeadSetting, 'classes'>,
    Omit<z.input<typeof classificationConfig>, 'kind'> {
  /** Architecture of the backbone; with `pooling: 'own'` its top is the head. */
  readonly architecture: Pick<Architecture, 'top'>;
}

/**
 * Classification head: class probabilities of the whole image from the backbone's deepest map. With `pooling: 'own'` it is the
 * end of the published classifier, its parameters named as there (`conv_head.weight`, `classifier.weight`, ...); otherwise a
 * dense layer on the pooled map, `classifier.weight` [C, K] and `classifier.bias`.
 *
 * @param features `backbone.features`; the deepest is read
 * @throws ConfigError for one class alone, weights of other classes, and `own` on a backbone whose top reads more than a map
 */
export function createClassificationHead(
  { classes, architecture, ...settings }: ClassificationOptions,
  features: Partial<FeatureSpec>,
): Head<Level, ClassificationRaw, ClassificationTargets, ClassScores> {
  const level = levelsOf(features as FeatureSpec).at(-1) ?? 'P5';
  const inputs = { [level]: features[level] } as unknown as FeatureSpec;
  const { top } = architecture;
  return buildHead(classificationConfig, settings, inputs, ({ options, owner }) => {
    checkClasses(classes, options);
    if (options.pooling === 'own' && top.readsMore) {
      throw new ConfigError(
        'classification head: the published classifier of this backbone reads more than its last map: write pooling: avg',
      );
    }
    const classify =
      options.pooling === 'own'
        ? ownTop(top, owner, classes, options)
        : pooled(owner, inputs[level].channels, classes, options);
    const probabilitiesOf = options.multiLabel ? tf.sigmoid : tf.softmax;
    return {
      ...(options.pooling === 'own' ? { ownTop: { classes } } : {}),
      forward: (maps, pass) => classify(maps[level], pass),
      exported: {
        outputs: (raw) => ({ probabilities: probabilitiesOf<tf.Tensor2D>(raw) }),
        reading: { kind: 'classScores', isExclusive: !options.multiLabel },
      },
      loss: (raw, targets) => classificationLoss(raw, targets, options),
      decode: async (raw, placements) => {
        const probabilities = tf.tidy(() => probabilitiesOf(raw));
        const images = await imagesOf({ probabilities }, placements.length);
        probabilities.dispose();
        return images.map((image) => ({
          probabilities: image.probabilities.slice(),
          isExclusive: !options.multiLabel,
        }));
      },
    };
  });
}

type Classify = (map: tf.Tensor4D, pass: Pass) => tf.Tensor2D;

function ownTop(
  top: Architecture['top'],
  owner: Parameters,
  classes: number,
  { dropout }: ClassificationConfig,
): Classify {
  const layers = top.build(owner, { classes, dropout });
  return (map, pass) => layers([map], pass);
}

function pooled(
  owner: Parameters,
  channels: number,
  classes: number,
  { pooling, dropout }: ClassificationConfig,
): Classify {
  const drop = dropoutLayer<tf.Tensor2D>('classifier', dropout);
  const classify = dense(owner, 'classifier', { inChannels: channels, outChannels: classes, initialise: normal(STD) });
  const pool = pooling === 'max' ? (map: tf.Tensor4D) => tf.max<tf.Tensor2D>(map, [1, 2]) : globalMean;
  return (map, pass) => classify(drop(pool(map), pass), pass);
}

function checkClasses(classes: number, { multiLabel, classWeights }: ClassificationConfig): void {
  if (classes < (multiLabel ? 1 : 2)) {
    throw new ConfigError(
      `classification head: with ${classes} class there is nothing to tell apart: give two or more, or write multiLabel: true, by which an image may have none`,
    );
  }
  if (classWeights !== null && classWeights.length !== classes) {
    throw new ConfigError(`classWeights has ${classWeights.length} values for ${classes} classes: give one per class`);
  }
}
