import type * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import type { LossTerm } from '../../losses/term.js';

/** What a loss of class maps is computed from, on the input's own grid. */
export interface SemanticLossInputs {
  /** [N, R, K] of R pixels. */
  readonly logits: tf.Tensor3D;
  /** [N, R] int32 class index, or set of classes; below 0 where ignored. */
  readonly labels: tf.Tensor2D;
  /** [N, R, K] signed distances to the boundary of each class, pixels; null: the encoder wrote none. */
  readonly distances: tf.Tensor3D | null;
  /** True: bit k of a label is class k, and each class has a sigmoid of its own. */
  readonly overlaps: boolean;
}

type LossConfig = z.ZodObject<{ readonly weight: z.ZodDefault<z.ZodNumber> }>;

/** One term that a semantic head's loss may have: its config, and how it is computed. */
export interface SemanticLoss<Config extends LossConfig = LossConfig> {
  /** Schema of the term in a config file; a `weight` of 0 leaves it out. */
  readonly config: Config;
  readonly create: (inputs: SemanticLossInputs, settings: z.output<Config>) => LossTerm;
}

/** Checks that config and function of a loss belong together. */
export function defineSemanticLoss<Config extends LossConfig>(loss: SemanticLoss<Config>): SemanticLoss<Config> {
  return loss;
}

/** Factor of a term in the total. */
export const weightConfig = (fallback: number) =>
  z.number().min(0).max(100).default(fallback).describe('Factor in the total, 0..100; 0: not computed');

/** What losses of regions have in common. */
export const regionConfig = {
  over: z
    .enum(['batch', 'sample'])
    .default('batch')
    .describe('batch: of all pixels of a batch together; sample: image by image, averaged'),
  background: z.boolean().default(true).describe('false: the first class is left out'),
} as const;

/** Pixels per class that count as found. */
export const smoothConfig = z
  .number()
  .min(0)
  .max(1e6)
  .default(1)
  .describe('Pixels per class that count as found whatever the answer: calm where a class has few, 0..1e6');
