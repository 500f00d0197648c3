import * as tf from '@tensorflow/tfjs';
import { valueAt } from '../../engine/checked.js';
import {
  detached,
  equalMask,
  gatherRows,
  greaterEqualMask,
  greaterMask,
  lessMask,
  oneHot,
  scatterND,
  sortRows,
} from '../../engine/kernels/index.js';
import { unstackInto } from '../../engine/split.js';
import type { TargetTensors } from '../head.js';
import type { AlignedTargets } from './encoder.js';

export interface AlignOptions {
  /** Power of the class score. */
  readonly alpha: number;
  /** Power of the IoU. */
  readonly beta: number;
  /** Places of an object. */
  readonly topK: number;
}

/** What every place is taught; constants to gradients. */
export interface Assignment {
  /** [N, A] int32 index of its object, -1: none. */
  readonly owner: tf.Tensor2D;
  /** [N, A] float32 in [0, 1]: the class score that is wanted; 0 where there is no object. */
  readonly quality: tf.Tensor2D;
}

/** Keeps a quotient finite where nothing is aligned at all. */
const TINY = 1e-7;

/**
 * Task-aligned assignment: a place inside an object is aligned with it by score ** alpha * IoU ** beta of what it predicts; the
 * `topK` best of an object are its own, one that several take goes to the object it overlaps most. Qualities are the
 * alignments, scaled for each object so that the largest is the largest IoU of its places.
 *
 * Pairs of a place and an object over it are few, so they are sorted by alignment, then by object, instead of comparing all places with all objects.
 *
 * @param scores [N, A, K] class probabilities
 * @param boxes  [N, A, 4] x1 y1 x2 y2, pixels
 * @source Feng et al. 2021, arXiv:2108.07755, section 3.2
 */
export function alignPlaces(
  scores: tf.Tensor3D,
  boxes: tf.Tensor3D,
  targets: Pick<TargetTensors<AlignedTargets>, 'boxes' | 'labels' | 'owners' | 'starts'>,
  { alpha, beta, topK }: AlignOptions,
): Assignment {
  return detached(() => {
    const [batch, places, depth] = targets.owners.shape as [number, number, number];
    const objects = valueAt(targets.labels.shape, 1);
    const pairs = places * depth;
    const isPair = tf.reshape(greaterEqualMask(targets.owners, 0), [batch, pairs]);
    const owner = tf.reshape(tf.maximum(targets.owners, tf.scalar(0, 'int32')), [batch, pairs]) as tf.Tensor2D;
    const iou = tf.mul<tf.Tensor2D>(isPair, pairIou(boxes, targets.boxes as tf.Tensor3D, owner, depth));
    const score = pairScore(scores, targets.labels as tf.Tensor2D, owner, depth);
    const aligned = tf.mul<tf.Tensor2D>(tf.pow(score, alpha), tf.pow(iou, beta)); // 0 without an overlap

    const order = orderByObject(
      aligned,
      tf.where<tf.Tensor2D>(tf.cast(isPair, 'bool'), owner, tf.fill([batch, pairs], objects, 'int32')),
    );
    const limit = Math.min(topK, pairs);
    const first = tf.slice(targets.starts as tf.Tensor2D, [0, 0], [batch, objects]);
    const end = tf.slice(targets.starts as tf.Tensor2D, [0, 1], [batch, objects]);
    const position = tf.add(tf.expandDims(first, 2), tf.range(0, limit, 1, 'int32')); // [N, M, k]
    const pair = pick(order, tf.minimum(position, tf.scalar(pairs - 1, 'int32')));
    const isOwn = tf.mul(lessMask(position, tf.expandDims(end, 2)), greaterMask(pick(aligned, pair), 0));

    const chosen = tf.reshape(spread(pair, isOwn, pairs), [batch, places, depth]);
    const overlap = tf.mul(chosen, tf.reshape(iou, [batch, places, depth]));
    const isFound = greaterMask(tf.max(overlap, 2), 0) as tf.Tensor2D; // [N, A]
    const winner = oneHot(tf.argMax(overlap, 2), depth); // [N, A, P]
    const ofWinner = (values: tf.Tensor): tf.Tensor2D =>
      tf.mul(isFound, tf.sum(tf.mul(winner, tf.reshape(tf.cast(values, 'float32'), [batch, places, depth])), 2));
    const object = ofWinner(owner);
    const found = tf.sub(tf.add(object, isFound), 1); // -1: none

    const place = tf.floorDiv(pair, tf.scalar(depth, 'int32'));
    const kept = tf.mul(
      isOwn,
      equalMask(pick(found as tf.Tensor2D, place), tf.reshape(tf.range(0, objects, 1, 'float32'), [1, objects, 1])),
    );
    const most = (values: tf.Tensor2D): tf.Tensor2D => tf.max(tf.mul(kept, pick(values, pair)), 2);
    const scale = tf.div<tf.Tensor2D>(most(iou), tf.add(most(aligned), TINY)); // [N, M]
    return {
      owner: tf.cast(found, 'int32') as tf.Tensor2D,
      quality: tf.mul<tf.Tensor2D>(ofWinner(aligned), pick(scale, tf.cast(object, 'int32'))),
    };
  });
}

/**
 * IoU of boxes, pair by pair.
 *
 * @param first  [..., 4] float32 x1 y1 x2 y2
 * @param second [..., 4] float32, broadcast
 * @returns      [...] in [0, 1]; 0 without an area
 */
export function iouOf(first: tf.Tensor, second: tf.Tensor): tf.Tensor {
  const [ax1, ay1, ax2, ay2] = unstackInto(first, 4, -1);
  const [bx1, by1, bx2, by2] = unstackInto(second, 4, -1);
  const width = tf.relu(tf.sub(tf.minimum(ax2, bx2), tf.maximum(ax1, bx1)));
  const height = tf.relu(tf.sub(tf.minimum(ay2, by2), tf.maximum(ay1, by1)));
  const both = tf.mul(width, height);
  const areas = tf.add(tf.mul(tf.sub(ax2, ax1), tf.sub(ay2, ay1)), tf.mul(tf.sub(bx2, bx1), tf.sub(by2, by1)));
  return tf.div(both, tf.maximum(tf.sub(areas, both), TINY));
}

/** [N, A * P]: IoU of each place's box with each of its objects. */
function pairIou(boxes: tf.Tensor3D, truth: tf.Tensor3D, owner: tf.Tensor2D, depth: number): tf.Tensor {
  const [batch, places] = boxes.shape;
  const own = tf.reshape(gatherRows(truth, owner), [batch, places, depth, 4]);
  return tf.reshape(iouOf(tf.expandDims(boxes, 2), own), [batch, places * depth]);
}

/** [N, A * P]: score of each place for the class of each of its objects. */
function pairScore(scores: tf.Tensor3D, labels: tf.Tensor2D, owner: tf.Tensor2D, depth: number): tf.Tensor2D {
  const [batch, places, classes] = scores.shape;
  const label = pick(tf.maximum(labels, tf.scalar(0, 'int32')), owner);
  const place = Int32Array.from({ length: places * depth }, (_, at) => Math.floor(at / depth) * classes);
  return pick(
    tf.reshape(scores, [batch, places * classes]),
    tf.add(label, tf.tensor2d(place, [1, places * depth], 'int32')),
  );
}

/** [N, L] indices: by object, of one object the best aligned first. */
function orderByObject(aligned: tf.Tensor2D, object: tf.Tensor2D): tf.Tensor2D {
  const { indices: byAlignment } = sortRows(aligned);
  const { indices } = sortRows(tf.neg(tf.cast(pick(object, byAlignment), 'float32')));
  return pick(byAlignment, indices);
}

/** Values of rows at indices: [N, L] and [N, ...] -> [N, ...] of the same type. */
function pick<R extends tf.Rank>(values: tf.Tensor2D, indices: tf.Tensor<R>): tf.Tensor<R> {
  const [batch, length] = values.shape;
  const starts = Int32Array.from({ length: batch }, (_, item) => item * length);
  const flat = tf.add(indices, tf.tensor(starts, [batch, ...indices.shape.slice(1).map(() => 1)], 'int32'));
  return tf.reshape(
    tf.gather(tf.reshape(values, [batch * length]), tf.cast(tf.reshape<tf.Rank.R1>(flat, [-1]), 'int32')),
    indices.shape,
  );
}

/** Zeros with values added at indices: [N, ...] -> [N, length]. */
function spread(indices: tf.Tensor, values: tf.Tensor, length: number): tf.Tensor {
  const batch = indices.shape[0] ?? 1;
  const starts = Int32Array.from({ length: batch }, (_, item) => item * length);
  const flat = tf.add(indices, tf.tensor(starts, [batch, ...indices.shape.slice(1).map(() => 1)], 'int32'));
  const places = tf.reshape(tf.cast(flat, 'int32'), [-1, 1]);
  return tf.reshape(scatterND(places, tf.reshape(values, [-1]), [batch * length]), [batch, length]);
}
