import * as tf from '@tensorflow/tfjs';
import { detached, greaterEqualMask, lessMask } from '../../engine/kernels/index.js';
import { endsOf, PAIRS } from './colours.js';

/** Epsilon of the Dice loss, as in `instanceLoss`. */
const EPSILON = 5e-6;

/**
 * What boxes say of the masks in them: rows and columns that a mask covers are those of its box, and neighbours of about the same colour, one of
 * them in the box, are both of the object or both not.
 *
 * @param logits [N, T, h, w]
 * @param boxes  [N, T, 4] x1 y1 x2 y2, input pixels
 * @param alike  of `alikePairs`
 * @param stride input pixels between points
 * @returns      for each mask [N, T] Dice of its projections, 0..2, and the mean of -log(probability that a pair agrees) over the pairs of its box
 * @source Tian et al. 2021, arXiv:2012.02310, equations 2, 4 and 7
 */
export function boxTruthLosses(
  logits: tf.Tensor4D,
  boxes: tf.Tensor3D,
  alike: tf.Tensor4D,
  stride: number,
): { readonly projection: tf.Tensor2D; readonly pairs: tf.Tensor2D } {
  const [, , height, width] = logits.shape;
  const { rows, columns } = detached(() => {
    const [x1, y1, x2, y2] = tf.split(boxes, 4, 2) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]; // [N, T, 1]
    return { rows: covered(y1, y2, height, stride), columns: covered(x1, x2, width, stride) };
  });
  const probability = tf.sigmoid(logits);
  const projection = tf.add(dice(tf.max(probability, 3), rows), dice(tf.max(probability, 2), columns));
  const inside = detached(() => tf.mul(tf.expandDims(rows, 3), tf.expandDims(columns, 2))); // [N, T, h, w]
  const against = tf.softplus(tf.neg(logits)); // -log of the probability of 1
  const found = PAIRS.map((pair, i) => {
    const [a, b] = endsOf(logits, pair);
    const [fromA, fromB] = endsOf(against, pair);
    // -log(p q + (1 - p) (1 - q)), of logits
    const disagreement = tf.sub(tf.add(fromA, fromB), tf.softplus(tf.neg(tf.add(a, b))));
    const { isOfBox, weight } = detached(() => {
      const [insideA, insideB] = endsOf(inside, pair);
      const isOfBox = tf.maximum(insideA, insideB);
      const [batch = 0, , met = 0, across = 0] = isOfBox.shape;
      const isAlike = tf.slice(alike, [0, i, 0, 0], [batch, 1, met, across]);
      return { isOfBox, weight: tf.mul(isOfBox, isAlike) };
    });
    return [overPoints(tf.mul(disagreement, weight)), overPoints(isOfBox)] as const;
  });
  const sumOf = (part: 0 | 1): tf.Tensor2D => found.map((each) => each[part]).reduce((sum, each) => tf.add(sum, each));
  return { projection: projection as tf.Tensor2D, pairs: tf.div(sumOf(0), tf.maximum(sumOf(1), 1)) };
}

/** [N, T, count] 1: the point lies between two sides; at least the one that is nearest to their middle. */
function covered(from: tf.Tensor, to: tf.Tensor, count: number, stride: number): tf.Tensor3D {
  const middles = tf.reshape(tf.mul(tf.add(tf.range(0, count), 0.5), stride), [1, 1, count]);
  const isBetween = tf.mul(greaterEqualMask(middles, from), lessMask(middles, to));
  const distance = tf.abs(tf.sub(middles, tf.div(tf.add(from, to), 2)));
  return tf.maximum(isBetween, lessMask(distance, stride / 2)) as tf.Tensor3D;
}

/** [N, T, h, w] -> [N, T], axis by axis. */
const overPoints = (values: tf.Tensor): tf.Tensor2D => tf.sum(tf.sum(values, 3), 2);

/** Dice with squares, [N, T]. */
function dice(values: tf.Tensor, truth: tf.Tensor): tf.Tensor {
  const shared = tf.mul(tf.sum(tf.mul(values, truth), 2), 2);
  const sizes = tf.add(tf.sum(tf.square(values), 2), tf.sum(truth, 2));
  return tf.sub(1, tf.div(shared, tf.add(sizes, 2 * EPSILON)));
}
