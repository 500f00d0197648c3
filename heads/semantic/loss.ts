import * as tf from '@tensorflow/tfjs';
import { resizeBilinear, resizeNearestExact } from '../../engine/kernels/index.js';
import type { TargetTensors } from '../head.js';
import type { LossTerms } from '../losses/term.js';
import type { SemanticTargets } from './encoder.js';
import { lossTerms, type SemanticLossConfig } from './losses/index.js';

/** Logits of the semantic head, [N, ceil(H / stride), ceil(W / stride), K]. */
export type SemanticRaw = tf.Tensor4D;

/**
 * The terms of the loss on the mask's own grid, over the labelled pixels of the batch.
 *
 * @param targets mask [N, H, W] int32, below 0 where ignored, and where there is a boundary loss distances [N, H, W, K]: what
 *   the encoder writes
 * @param overlaps true: bit k of a mask's value is class k. Defaults to false
 * @throws ConfigError for a boundary loss without distances
 */
export function semanticLoss(
  raw: SemanticRaw,
  targets: TargetTensors<SemanticTargets>,
  settings: SemanticLossConfig,
  overlaps = false,
): LossTerms {
  const { mask } = targets;
  const [N, height, width] = mask.shape;
  const K = raw.shape[3];
  const distances = targets.distances ? distancesAt(targets.distances, height, width) : null;
  return lossTerms(
    {
      logits: tf.reshape(resizeBilinear(raw, height, width), [N, height * width, K]),
      labels: tf.reshape(mask, [N, height * width]),
      distances: distances && tf.reshape(distances, [N, height * width, K]),
      overlaps,
    },
    settings,
  );
}

/** The distances of the cells' centres, in pixels of the input. */
function distancesAt(distances: tf.Tensor4D, height: number, width: number): tf.Tensor4D {
  const isThere = distances.shape[1] === height && distances.shape[2] === width;
  return isThere ? distances : resizeNearestExact(distances, height, width);
}
