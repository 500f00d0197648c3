import * as tf from '@tensorflow/tfjs';
import { ShapeError } from '../../engine/errors.js';
import { detached, equalMask, gatherRows, greaterMask, resizeBilinear, topK } from '../../engine/kernels/index.js';
import { type AlignedRaw, teachBoxes } from '../aligned/loss.js';
import type { Progress, TargetTensors } from '../head.js';
import { type LossTerms, quotient } from '../losses/term.js';
import { boxTruthLosses } from './boxTruth.js';
import type { InstanceConfig } from './config.js';
import type { InstanceTargets } from './encoder.js';
import { dynamicMasks } from './kernels.js';

/** Outputs of the head. */
export type InstanceRaw = AlignedRaw & {
  /** [N, A, countKernel(P)] the mask network of each place. */
  readonly kernels: tf.Tensor3D;
  /** [N, h, w, P] on the finest map. */
  readonly prototypes: tf.Tensor4D;
  /** While masks are learned from boxes: which neighbours have about the same colour, see `alikePairs`. */
  readonly alike?: tf.Tensor4D;
};

/** Epsilon of the Dice loss, as in the authors' code. */
const EPSILON = 5e-6;

/**
 * The loss of `aligned`, and of the masks of the best places of each image, averaged over them: Dice with squares, or what their boxes say.
 *
 * @param points [A, 3] of `createPoints`
 * @param strides input pixels between prototypes, and between points of the masks
 * @source Tian et al. 2020, arXiv:2003.05664, section 3.3; Milletari et al. 2016, arXiv:1606.04797, equation 3
 */
export function instanceLoss(
  { kernels, prototypes, alike, ...boxes }: InstanceRaw,
  { masks, ...targets }: TargetTensors<InstanceTargets>,
  points: Float32Array,
  { stride, maskStride }: { readonly stride: number; readonly maskStride: number },
  settings: Pick<InstanceConfig, 'assign' | 'loss' | 'masks'>,
  progress: Progress | undefined,
): LossTerms {
  const { terms, taught } = teachBoxes(boxes, targets, points, settings, progress);
  const [batch, places] = taught.weight.shape;
  const [, layers, rows, columns] = masks.shape as [number, number, number, number];
  const most = Math.min(settings.masks.places, places);
  const fromBoxes = settings.masks.learnFrom === 'boxes';
  const { chosen, isTaught, truth, where } = detached(() => {
    const { values, indices } = topK(taught.weight, most);
    const owner = gatherRows(tf.reshape(tf.cast(taught.owner, 'float32'), [batch, places, 1]), indices); // [N, T, 1]
    const truthOf = (): tf.Tensor => {
      const value = tf.expandDims(tf.add(owner, 1), 1); // [N, 1, T, 1]
      const points4 = tf.reshape(tf.cast(masks, 'float32'), [batch, layers, 1, rows * columns]);
      return tf.max(equalMask(points4, value), 1); // [N, T, H * W]
    };
    const boxOf = (): tf.Tensor => {
      const own = tf.cast(tf.maximum(tf.squeeze(owner, [2]), 0), 'int32') as tf.Tensor2D;
      return gatherRows(targets.boxes as tf.Tensor3D, own); // [N, T, 4]
    };
    const all = tf.tile(tf.tensor3d(points, [1, places, 3]), [batch, 1, 1]);
    return {
      chosen: indices,
      isTaught: greaterMask(values, 0),
      truth: fromBoxes ? boxOf() : truthOf(),
      where: gatherRows(all as tf.Tensor3D, indices),
    };
  });
  const logits = dynamicMasks(prototypes, gatherRows(kernels, chosen), where, stride);
  const [, height, width] = prototypes.shape;
  const map = tf.transpose(tf.reshape(logits, [batch, most, height, width]), [0, 2, 3, 1]) as tf.Tensor4D;
  const fine = tf.transpose(resizeBilinear(map, rows, columns), [0, 3, 1, 2]) as tf.Tensor4D;
  const sum = (each: tf.Tensor): tf.Scalar => tf.sum(tf.sum(tf.mul(each, isTaught), 1), 0);
  const count = sum(tf.onesLike(isTaught));
  const { weight, pairs } = settings.masks;
  if (!fromBoxes) {
    return { ...terms, mask: quotient(sum(diceOf(fine, truth)), count, { least: 1, weight }) };
  }
  if (alike === undefined) throw new ShapeError(NO_COLOURS);
  const taughtBy = boxTruthLosses(fine, truth as tf.Tensor3D, alike, maskStride);
  const growth = progress ? tf.minimum(tf.div(progress.share, Math.max(pairs.warmupShare, TINY)), 1) : 1;
  return {
    ...terms,
    mask: quotient(sum(taughtBy.projection), count, { least: 1, weight }),
    pairs: quotient(tf.mul(sum(taughtBy.pairs), growth), count, { least: 1, weight: pairs.weight }),
  };
}

/** Keeps the quotient finite where nothing grows. */
const TINY = 1e-6;
const NO_COLOURS =
  'masks.learnFrom: boxes reads the colours of images, of which maps alone are given: learn from images, not from kept maps';

/** Dice with squares of each mask, [N, T]. */
function diceOf(logits: tf.Tensor4D, truth: tf.Tensor): tf.Tensor {
  const probability = tf.reshape(tf.sigmoid(logits), truth.shape);
  const shared = tf.mul(tf.sum(tf.mul(probability, truth), 2), 2);
  const sizes = tf.add(tf.sum(tf.square(probability), 2), tf.sum(truth, 2));
  return tf.sub(1, tf.div(shared, tf.add(sizes, 2 * EPSILON)));
}
