import * as tf from '@tensorflow/tfjs';
import { boxesAround } from '../boxes/around.js';
import { expectation } from '../losses/distributionFocal.js';
import type { AlignedRaw } from './loss.js';

/**
 * The outputs of a network as boxes and scores: what `decodeAligned` makes of them, as tensors.
 *
 * @param points [A, 3] x, y, pixels per cell
 * @returns      boxes [N, A, 4] x1 y1 x2 y2, input pixels, and scores [N, A, K] in 0..1
 */
export function alignedAnswer(
  { logits, bins }: AlignedRaw,
  points: Float32Array,
): { readonly boxes: tf.Tensor; readonly scores: tf.Tensor } {
  const [batch, places] = logits.shape;
  const distances = expectation(tf.reshape(bins, [batch, places, 4, -1]));
  return { boxes: boxesAround(distances, points), scores: tf.sigmoid(logits) };
}
