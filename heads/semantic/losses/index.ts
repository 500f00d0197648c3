import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { ConfigError } from '../../../engine/errors.js';
import { binaryCrossEntropyLoss } from '../../losses/binaryCrossEntropy.js';
import { boundaryLoss } from '../../losses/boundary.js';
import { crossEntropyLoss } from '../../losses/crossEntropy.js';
import { diceLoss } from '../../losses/dice.js';
import { hardestCrossEntropyLoss } from '../../losses/hardest.js';
import { lovaszLoss } from '../../losses/lovasz.js';
import type { LossTerms } from '../../losses/term.js';
import { tverskyLoss } from '../../losses/tversky.js';
import {
  defineSemanticLoss,
  regionConfig,
  type SemanticLoss,
  type SemanticLossInputs,
  smoothConfig,
  weightConfig,
} from './definition.js';

const crossEntropy = defineSemanticLoss({
  config: z
    .strictObject({
      weight: weightConfig(1),
      hardest: z
        .number()
        .gt(0)
        .max(1)
        .default(1)
        .describe("Share of each image's pixels that count, those with the largest loss, above 0 to 1; 1: all"),
      classWeights: z
        .array(z.number().min(0))
        .readonly()
        .nullable()
        .default(null)
        .describe('Weights of the classes, one per class; null: all alike'),
    })
    .describe('Cross-entropy of every pixel'),
  create: ({ logits, labels, overlaps }, { hardest, classWeights }) => {
    if (overlaps) return binaryCrossEntropyLoss(logits, labels, { share: hardest, weights: classWeights });
    if (hardest < 1) return hardestCrossEntropyLoss(logits, labels, { share: hardest, weights: classWeights });
    const rows = tf.reshape(logits, [labels.size, logits.shape[2]]) as tf.Tensor2D;
    return crossEntropyLoss(rows, tf.reshape(labels, [labels.size]) as tf.Tensor1D, classWeights);
  },
});

const dice = defineSemanticLoss({
  config: z
    .strictObject({ weight: weightConfig(1), ...regionConfig, smooth: smoothConfig })
    .describe('Soft Dice loss of every class'),
  create: ({ logits, labels, overlaps }, { smooth, ...options }) =>
    diceLoss(logits, labels, smooth, { ...options, overlaps }),
});

const tversky = defineSemanticLoss({
  config: z
    .strictObject({
      weight: weightConfig(0),
      falsePositives: z.number().min(0).max(100).default(0.3).describe('Weight of pixels answered too much, 0..100'),
      falseNegatives: z.number().min(0).max(100).default(0.7).describe('Weight of pixels that are missed, 0..100'),
      power: z
        .number()
        .min(0.1)
        .max(10)
        .default(1)
        .describe("Of each class's loss, 0.1..10: 0.75 is focal Tversky, which keeps at classes that are nearly right"),
      ...regionConfig,
      smooth: smoothConfig,
    })
    .describe('Tversky loss: Dice with weights for what is answered too much and what is missed'),
  create: ({ logits, labels, overlaps }, settings) => tverskyLoss(logits, labels, { ...settings, overlaps }),
});

const lovasz = defineSemanticLoss({
  config: z
    .strictObject({ weight: weightConfig(0), ...regionConfig })
    .describe('Lovasz-softmax loss: IoU itself, made convex'),
  create: ({ logits, labels, overlaps }, settings) => lovaszLoss(logits, labels, { ...settings, overlaps }),
});

const boundary = defineSemanticLoss({
  config: z
    .strictObject({ weight: weightConfig(0), background: regionConfig.background })
    .describe(
      'Boundary loss: answers weighed by their distance to the true boundary in pixels; about 0.01 beside Dice',
    ),
  create: ({ logits, labels, distances, overlaps }, settings) => {
    if (distances) return boundaryLoss(logits, labels, distances, { ...settings, overlaps });
    throw new ConfigError(
      "the boundary loss needs targets called 'distances': make the head's encoder from its encoderConfig, or set loss.boundary.weight to 0",
    );
  },
});

/** Every term that the loss of a semantic head may have. */
export const SEMANTIC_LOSSES = { crossEntropy, dice, tversky, lovasz, boundary } as const;

/** The loss of a semantic head in a config file: each term with its weight. */
export const semanticLossConfig = z
  .strictObject({
    crossEntropy: crossEntropy.config.prefault({}),
    dice: dice.config.prefault({}),
    tversky: tversky.config.prefault({}),
    lovasz: lovasz.config.prefault({}),
    boundary: boundary.config.prefault({}),
  })
  .refine((terms) => Object.values(terms).some(({ weight }) => weight > 0), {
    message: 'every weight is 0, so that nothing is learned: give one term a weight',
  });
export type SemanticLossConfig = z.output<typeof semanticLossConfig>;

/** The terms whose weight is not 0. */
export function lossTerms(inputs: SemanticLossInputs, settings: SemanticLossConfig): LossTerms {
  const terms = Object.entries<SemanticLoss>(SEMANTIC_LOSSES as unknown as { readonly [name: string]: SemanticLoss });
  return Object.fromEntries(
    terms.flatMap(([name, { create }]) => {
      const own = settings[name as keyof SemanticLossConfig];
      return own.weight > 0 ? [[name, { ...create(inputs, own), weight: own.weight }]] : [];
    }),
  );
}

/** @throws ConfigError for class weights that are not one per class */
export function checkClassWeights({ crossEntropy: { classWeights } }: SemanticLossConfig, classes: number): void {
  if (classWeights === null || classWeights.length === classes) return;
  throw new ConfigError(
    `loss.crossEntropy.classWeights has ${classWeights.length} values for ${classes} classes: give one per class`,
  );
}
