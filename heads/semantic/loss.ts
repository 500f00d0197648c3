import * as tf from '@tensorflow/tfjs';
import { resizeBilinear } from '../../engine/kernels/index.js';
import type { TargetTensors } from '../head.js';
import { crossEntropyLoss } from '../losses/crossEntropy.js';
import { diceLoss } from '../losses/dice.js';
import type { LossTerms } from '../losses/term.js';
import type { SemanticTargets } from './encoder.js';

/** Logits of the semantic head, [N, ceil(H / stride), ceil(W / stride), K]. */
export type SemanticRaw = tf.Tensor4D;

export interface SemanticLossOptions {
  readonly crossEntropyWeight: number;
  readonly diceWeight: number;
  /** [K], or null for 1. */
  readonly classWeights: readonly number[] | null;
}

/** Pixels per class that count as found: keeps the Dice loss calm where a class has few pixels. */
const DICE_SMOOTHING = 1;

/**
 * Cross-entropy plus soft Dice on the input's own grid, over the labelled pixels of the batch.
 *
 * @param targets mask [N, H, W] int32, below 0 where ignored: what the encoder writes
 */
export function semanticLoss(
  raw: SemanticRaw,
  targets: TargetTensors<SemanticTargets>,
  options: SemanticLossOptions,
): LossTerms<'crossEntropy' | 'dice'> {
  const { mask } = targets;
  const [, height, width] = mask.shape;
  const logits = tf.reshape(resizeBilinear(raw, height, width), [mask.size, raw.shape[3]]) as tf.Tensor2D;
  const labels = tf.reshape(mask, [mask.size]) as tf.Tensor1D;
  const crossEntropy = crossEntropyLoss(logits, labels, options.classWeights);
  const dice = diceLoss(logits, labels, DICE_SMOOTHING);
  return {
    crossEntropy: { ...crossEntropy, weight: options.crossEntropyWeight },
    dice: { ...dice, weight: options.diceWeight },
  };
}
