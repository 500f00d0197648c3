import * as tf from '@tensorflow/tfjs';
import { valueAt } from '../../engine/checked.js';
import { detached, gatherRows, greaterEqualMask, lessMask, oneHot } from '../../engine/kernels/index.js';
import { unstackInto } from '../../engine/split.js';
import { boxesAround } from '../boxes/around.js';
import type { Progress, TargetTensors } from '../head.js';
import { distributionFocalLoss, expectation } from '../losses/distributionFocal.js';
import { iouLoss } from '../losses/iou.js';
import { qualityFocalLoss } from '../losses/qualityFocal.js';
import { type LossTerms, quotient } from '../losses/term.js';
import { type Assignment, alignPlaces, iouOf } from './assign.js';
import type { AlignedConfig } from './config.js';
import type { AlignedTargets } from './encoder.js';

/** Outputs of the head, the places of all maps one after the other. */
export type AlignedRaw = {
  /** [N, A, K] before the sigmoid: class and quality of the box in one. */
  readonly logits: tf.Tensor3D;
  /** [N, A, 4 * (regMax + 1)] before the softmax: how far left, top, right and bottom are, in cells 0..regMax. */
  readonly bins: tf.Tensor3D;
};

/** What the places of all maps are taught, and with what weight. */
export interface Taught extends Assignment {
  /** [N, A] weight of a place in the losses of boxes. */
  readonly weight: tf.Tensor2D;
  /** [] what the loss of classes is divided by, summed over the images. */
  readonly count: tf.Scalar;
}

/** A target lies so many cells below the longest distance, so that both its neighbours exist. */
const BELOW = 0.1;

/**
 * Quality focal loss of all places, divided by the sum of the qualities that are wanted; generalised IoU and distribution focal
 * loss of the places of objects, weighted by their qualities and divided by their sum. Places are those aligned best with an
 * object; while the network knows nothing yet, those of ATSS, each wanted to predict its IoU and weighted by its score.
 *
 * @param points [A, 3] of `createPoints`
 * @source Feng et al. 2021, arXiv:2108.07755, section 3.2; Li et al. 2020, arXiv:2006.04388, equations 2 and 6, and its code for the warm-up
 */
export function alignedLoss(
  raw: AlignedRaw,
  targets: TargetTensors<AlignedTargets>,
  points: Float32Array,
  settings: Pick<AlignedConfig, 'assign' | 'loss'>,
  progress: Progress | undefined,
): AlignedTerms {
  return teachBoxes(raw, targets, points, settings, progress).terms;
}

type AlignedTerms = LossTerms<'class' | 'box' | 'distribution'>;

/** The loss, and what it teaches the places: what else a head predicts is taught to the same. */
export function teachBoxes(
  { logits, bins }: AlignedRaw,
  targets: TargetTensors<AlignedTargets>,
  points: Float32Array,
  { assign, loss }: Pick<AlignedConfig, 'assign' | 'loss'>,
  progress: Progress | undefined,
): { readonly terms: AlignedTerms; readonly taught: Taught } {
  const [batch, places, classes] = logits.shape;
  const spread = tf.reshape(bins, [batch, places, 4, -1]);
  const distances = expectation(spread); // [N, A, 4]
  const taught = teach(logits, distances, targets, points, assign, progress);
  const { owner, quality, weight, count } = taught;
  const wanted = wantedDistances(owner, targets.boxes, points);
  const label = ownLabels(owner, targets.labels);
  const qualities = tf.mul(oneHot(label, classes), tf.expandDims(quality, 2));
  const isFound = greaterEqualMask(owner, 0);
  const counted = tf.sub(1, tf.mul(targets.ignored, tf.sub(1, isFound)));
  const focal = tf.mul(qualityFocalLoss(logits, qualities, loss.beta), tf.expandDims(counted, 2));
  const boxes = tf.mul(iouLoss(distances, wanted, loss.iou), weight);
  const limit = valueAt(spread.shape, 3) - 1 - BELOW;
  const entropy = tf.mean(distributionFocalLoss(spread, tf.clipByValue(wanted, 0, limit)), 2);
  const divisor = sumAll(weight, 2);
  const terms = {
    class: quotient(sumAll(focal, 3), count, { least: 1 }),
    box: quotient(sumAll(boxes, 2), divisor, { least: 1, weight: loss.boxWeight }),
    distribution: quotient(sumAll(tf.mul(entropy, weight), 2), divisor, { least: 1, weight: loss.distributionWeight }),
  };
  return { terms, taught };
}

/** What places are taught at this point of the training; constants to gradients. */
function teach(
  logits: tf.Tensor3D,
  distances: tf.Tensor,
  targets: TargetTensors<AlignedTargets>,
  points: Float32Array,
  assign: AlignedConfig['assign'],
  progress: Progress | undefined,
): Taught {
  return detached(() => {
    const scores = tf.sigmoid(logits);
    const boxes = boxesAround(distances, points);
    const aligned = alignPlaces(scores, boxes, targets, assign);
    const late = { ...aligned, weight: aligned.quality, count: sumAll(aligned.quality, 2) };
    if (!progress) return late;
    const early = teachFixed(scores, boxes, targets);
    const isEarly = tf.mul(
      lessMask(progress.share, assign.warmupShare),
      lessMask(progress.epochs, assign.warmupEpochs),
    );
    const choose = <T extends tf.Tensor>(first: T, then: T): T =>
      tf.add(tf.mul(first, isEarly), tf.mul(then, tf.sub(1, isEarly)));
    return {
      owner: tf.cast(choose(tf.cast(early.owner, 'float32'), tf.cast(late.owner, 'float32')), 'int32'),
      quality: choose(early.quality, late.quality),
      weight: choose(early.weight, late.weight),
      count: choose(early.count, late.count),
    };
  });
}

/** The places that ATSS chose: each is wanted to know its IoU; the boxes of those that score high weigh most. */
function teachFixed(scores: tf.Tensor3D, boxes: tf.Tensor3D, targets: TargetTensors<AlignedTargets>): Taught {
  const owner = targets.fixed as tf.Tensor2D;
  const isFound = greaterEqualMask(owner, 0) as tf.Tensor2D;
  const own = gatherRows(targets.boxes, tf.maximum(owner, tf.scalar(0, 'int32')));
  return {
    owner,
    quality: tf.mul(isFound, iouOf(boxes, own)),
    weight: tf.mul(isFound, tf.max(scores, 2)),
    count: sumAll(isFound, 2),
  };
}

/** [N, A, 4] left, top, right, bottom of the object that a place has, in cells; of the first where it has none. */
function wantedDistances(owner: tf.Tensor2D, truth: tf.Tensor3D, points: Float32Array): tf.Tensor {
  return detached(() => {
    const { x, y, stride } = columns(points);
    const own = gatherRows(truth, tf.maximum(owner, tf.scalar(0, 'int32')));
    const [x1, y1, x2, y2] = unstackInto(own, 4, 2);
    const sides = tf.stack([tf.sub(x, x1), tf.sub(y, y1), tf.sub(x2, x), tf.sub(y2, y)], 2);
    return tf.div(sides, tf.expandDims(stride, 1));
  });
}

/** [N, A] int32 class of the object that a place has, -1: none. */
function ownLabels(owner: tf.Tensor2D, labels: tf.Tensor2D): tf.Tensor2D {
  return detached(() => {
    const [batch, objects] = labels.shape;
    const own = gatherRows(
      tf.reshape(tf.cast(labels, 'float32'), [batch, objects, 1]),
      tf.maximum(owner, tf.scalar(0, 'int32')),
    );
    const isFound = greaterEqualMask(owner, 0);
    return tf.cast(tf.sub(tf.mul(tf.add(tf.squeeze(own, [2]), 1), isFound), 1), 'int32');
  });
}

function columns(points: Float32Array) {
  const column = (at: number): tf.Tensor1D =>
    tf.tensor1d(Float32Array.from({ length: points.length / 3 }, (_, place) => valueAt(points, place * 3 + at)));
  return { x: column(0), y: column(1), stride: column(2) };
}

/** Axis by axis: one long float32 sum loses digits on engines that add one by one. */
function sumAll(x: tf.Tensor, rank: number): tf.Scalar {
  let sum = x;
  for (let axis = rank - 1; axis >= 0; axis--) sum = tf.sum(sum, axis);
  return sum as tf.Scalar;
}
