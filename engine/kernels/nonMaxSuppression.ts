import * as tf from '@tensorflow/tfjs-core';
import { ShapeError } from '../errors.js';
import { defineKernel } from './kernel.js';
import { oneHot } from './oneHot.js';
import { detached, equalMask, greaterMask } from './tape.js';

/** Boxes that suppress; those of different classes do not. */
export interface NmsInputs {
  /** [N, D, 4] float32: x1 y1 x2 y2. */
  readonly boxes: tf.Tensor3D;
  /** [N, D] float32, in any order. */
  readonly scores: tf.Tensor2D;
  /** [N, D] int32: class indices. */
  readonly labels: tf.Tensor2D;
}

/** Fixed-size lists, best first; what follows the first `counts` entries of a row is row 0 with score 0. */
export interface NmsOutputs {
  /** [N, limit] int32: places among the D; with `gatherRows`, the boxes. */
  readonly rows: tf.Tensor2D;
  /** [N, limit] float32. */
  readonly scores: tf.Tensor2D;
  /** [N] int32. */
  readonly counts: tf.Tensor1D;
}

export interface SuppressionLimits {
  /** Length of the lists: boxes of all classes together. */
  readonly limit: number;
  /** 0 or more: boxes that score this or less are left out. */
  readonly minimumScore: number;
}

type SuppressionAttributes = {
  mode: 'hard' | 'soft';
  /** `hard`: the overlap above which a box goes; `soft`: width of the Gaussian. */
  width: number;
  limit: number;
  minimumScore: number;
};

/**
 * Greedy non-maximum suppression within each class: a box goes when a better one of its class overlaps it by more than
 * `iouThreshold`. Of equal scores the first box wins; boxes that are not finite are left out. Fixed shapes throughout, so that it can be compiled; not
 * differentiable.
 *
 * @throws ShapeError when boxes, scores and labels do not belong together, or the limits cannot be met
 */
export function nonMaxSuppression(
  candidates: NmsInputs,
  { iouThreshold, ...limits }: SuppressionLimits & { readonly iouThreshold: number },
): NmsOutputs {
  return suppress(candidates, { mode: 'hard', width: iouThreshold, ...limits });
}

/**
 * Soft non-maximum suppression: a box loses score, times exp(-iou ** 2 / sigma), to each better one of its class.
 *
 * @throws ShapeError when boxes, scores and labels do not belong together, or the limits cannot be met
 * @source Bodla et al. 2017, arXiv:1704.04503, the Gaussian form
 */
export function softNonMaxSuppression(
  candidates: NmsInputs,
  { sigma, ...limits }: SuppressionLimits & { readonly sigma: number },
): NmsOutputs {
  return suppress(candidates, { mode: 'soft', width: sigma, ...limits });
}

function suppress(candidates: NmsInputs, attributes: SuppressionAttributes): NmsOutputs {
  const { boxes, scores, labels } = candidates;
  const { limit, minimumScore } = attributes;
  const [batch, count] = scores.shape;
  if (!tf.util.arraysEqual(boxes.shape, [batch, count, 4]) || !tf.util.arraysEqual(labels.shape, [batch, count])) {
    throw new ShapeError(
      `suppression got boxes [${boxes.shape}], scores [${scores.shape}] and labels [${labels.shape}]: give [N, D, 4], [N, D] and [N, D]`,
    );
  }
  if (!Number.isInteger(limit) || limit < 1 || count < 1 || !(minimumScore >= 0)) {
    throw new ShapeError(
      `suppression of ${count} boxes to ${limit} above a score of ${minimumScore}: give boxes, a limit of 1 or more and a score of 0 or more`,
    );
  }
  return detached(() => {
    const finite = tf.isFinite(boxes);
    const sound = {
      boxes: tf.where(finite, boxes, tf.zerosLike(boxes)),
      scores: tf.where(tf.all(finite, 2), scores, tf.zerosLike(scores)),
    };
    const [rows, left] = kernel({ ...sound, labels }, attributes);
    return {
      rows: rows as tf.Tensor2D,
      scores: left as tf.Tensor2D,
      counts: tf.cast<tf.Tensor1D>(tf.sum(greaterMask(left, 0), 1), 'int32'),
    };
  });
}

const kernel = defineKernel<
  { boxes: tf.Tensor; scores: tf.Tensor; labels: tf.Tensor },
  SuppressionAttributes,
  readonly [rows: tf.Tensor, scores: tf.Tensor]
>({
  name: 'EspalierSuppression',
  /** One round for each survivor. */
  portable: ({ boxes, scores, labels }, { mode, width, limit, minimumScore }) => {
    const [batch = 0, count = 0] = scores.shape;
    const sides = tf.unstack(boxes, 2); // 4 times [N, D]
    const starts = tf.tensor1d(
      Int32Array.from({ length: batch }, (_, item) => item * count),
      'int32',
    );
    const winnerOf = (values: tf.Tensor, places: tf.Tensor): tf.Tensor =>
      tf.reshape(tf.gather(tf.reshape(values, [-1]), places), [batch, 1]);
    let left: tf.Tensor = tf.mul(tf.relu(scores), greaterMask(scores, minimumScore)); // 0: out of the competition
    const rows: tf.Tensor[] = [];
    const won: tf.Tensor[] = [];
    for (let round = 0; round < limit; round++) {
      const winner = tf.argMax(left, 1); // [N]
      const places = tf.cast(tf.add(winner, starts), 'int32');
      const score = winnerOf(left, places);
      const valid = greaterMask(score, minimumScore);
      rows.push(tf.mul(winner, tf.cast(tf.reshape(valid, [-1]), 'int32')));
      won.push(tf.mul(score, valid));
      const iou = overlap(
        sides,
        sides.map((side) => winnerOf(side, places)),
      );
      const same = equalMask(labels, winnerOf(labels, places));
      const weaker =
        mode === 'hard'
          ? tf.sub(1, tf.mul(same, greaterMask(iou, width)))
          : tf.exp(tf.mul(tf.mul(tf.square(iou), same), -1 / width));
      const others = tf.sub(1, oneHot(winner, count));
      left = tf.mul(left, tf.mul(weaker, others));
    }
    return [tf.cast(tf.stack(rows, 1), 'int32'), tf.concat(won, 1)] as const;
  },
});

/** Intersection over union of boxes [N, D] with one box per item [N, 1]; 0 when neither has an area. */
function overlap(boxes: readonly tf.Tensor[], winner: readonly tf.Tensor[]): tf.Tensor {
  const [x1, y1, x2, y2] = boxes as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
  const [left, top, right, bottom] = winner as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
  const width = tf.relu(tf.sub(tf.minimum(x2, right), tf.maximum(x1, left)));
  const height = tf.relu(tf.sub(tf.minimum(y2, bottom), tf.maximum(y1, top)));
  const intersection = tf.mul(width, height);
  const areas = tf.mul(tf.sub(x2, x1), tf.sub(y2, y1));
  const area = tf.mul(tf.sub(right, left), tf.sub(bottom, top));
  return tf.divNoNan(intersection, tf.sub(tf.add(areas, area), intersection));
}
