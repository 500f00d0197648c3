import * as tf from '@tensorflow/tfjs';
import { splitInto } from '../../engine/split.js';
import type { RetinaRaw } from './loss.js';

/**
 * The outputs of a network as boxes and scores: `decodeBox` as tensors.
 *
 * @param anchors [A, 4] x1 y1 x2 y2, input pixels
 * @returns       boxes [N, A, 4] x1 y1 x2 y2, input pixels, and scores [N, A, K] in 0..1
 */
export function retinaAnswer(
  { logits, offsets }: RetinaRaw,
  anchors: Float32Array,
): { readonly boxes: tf.Tensor; readonly scores: tf.Tensor } {
  const count = anchors.length / 4;
  const column = (value: (x1: number, y1: number, x2: number, y2: number) => number): tf.Tensor =>
    tf.tensor3d(
      Float32Array.from({ length: count }, (_, i) =>
        value(anchors[i * 4]!, anchors[i * 4 + 1]!, anchors[i * 4 + 2]!, anchors[i * 4 + 3]!),
      ),
      [1, count, 1],
    );
  const width = column((x1, _, x2) => x2 - x1);
  const height = column((_, y1, __, y2) => y2 - y1);
  const [ty, tx, th, tw] = splitInto(offsets, 4, 2);
  const y = tf.add(
    tf.mul(ty, height),
    column((_, y1, __, y2) => (y1 + y2) / 2),
  );
  const x = tf.add(
    tf.mul(tx, width),
    column((x1, _, x2) => (x1 + x2) / 2),
  );
  const halfHeight = tf.mul(tf.exp(th), tf.div(height, 2));
  const halfWidth = tf.mul(tf.exp(tw), tf.div(width, 2));
  const sides = [tf.sub(x, halfWidth), tf.sub(y, halfHeight), tf.add(x, halfWidth), tf.add(y, halfHeight)];
  return { boxes: tf.concat(sides, 2), scores: tf.sigmoid(logits) };
}
