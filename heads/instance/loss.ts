import * as tf from '@tensorflow/tfjs';
import { detached, equalMask, gatherRows, greaterMask, resizeBilinear, topK } from '../../engine/kernels/index.js';
import { type AlignedRaw, teachBoxes } from '../aligned/loss.js';
import type { Progress, TargetTensors } from '../head.js';
import { type LossTerms, quotient } from '../losses/term.js';
import type { InstanceConfig } from './config.js';
import type { InstanceTargets } from './encoder.js';
import { dynamicMasks } from './kernels.js';

/** Outputs of the head. */
export type InstanceRaw = AlignedRaw & {
  /** [N, A, countKernel(P)] the mask network of each place. */
  readonly kernels: tf.Tensor3D;
  /** [N, h, w, P] on the finest map. */
  readonly prototypes: tf.Tensor4D;
};

/** Of the Dice loss, as in the authors' code. */
const EPSILON = 5e-6;

/**
 * The loss of `aligned`, and Dice with squares of the masks of the best places of each image, averaged over them.
 *
 * @param points [A, 3] of `createPoints`
 * @param stride input pixels between prototypes
 * @source Tian et al. 2020, arXiv:2003.05664, section 3.3; Milletari et al. 2016, arXiv:1606.04797, equation 3
 */
export function instanceLoss(
  { kernels, prototypes, ...boxes }: InstanceRaw,
  { masks, ...targets }: TargetTensors<InstanceTargets>,
  points: Float32Array,
  stride: number,
  settings: Pick<InstanceConfig, 'assign' | 'loss' | 'masks'>,
  progress: Progress | undefined,
): LossTerms<'class' | 'box' | 'distribution' | 'mask'> {
  const { terms, taught } = teachBoxes(boxes, targets, points, settings, progress);
  const [batch, places] = taught.weight.shape;
  const [, layers, rows, columns] = masks.shape;
  const count = Math.min(settings.masks.places, places);
  const { chosen, isTaught, truth, where } = detached(() => {
    const { values, indices } = topK(taught.weight, count);
    const owner = gatherRows(tf.reshape(tf.cast(taught.owner, 'float32'), [batch, places, 1]), indices); // [N, T, 1]
    const value = tf.expandDims(tf.add(owner, 1), 1); // [N, 1, T, 1]
    const points4 = tf.reshape(tf.cast(masks, 'float32'), [batch, layers, 1, rows * columns]);
    const all = tf.tile(tf.tensor3d(points, [1, places, 3]), [batch, 1, 1]);
    return {
      chosen: indices,
      isTaught: greaterMask(values, 0),
      truth: tf.max(equalMask(points4, value), 1), // [N, T, H * W]
      where: gatherRows(all, indices),
    };
  });
  const logits = dynamicMasks(prototypes, gatherRows(kernels, chosen), where, stride);
  const [, height, width] = prototypes.shape;
  const map = tf.transpose<tf.Tensor4D>(tf.reshape(logits, [batch, count, height, width]), [0, 2, 3, 1]);
  const fine = tf.transpose(resizeBilinear(map, rows, columns), [0, 3, 1, 2]);
  const probability = tf.reshape(tf.sigmoid(fine), [batch, count, rows * columns]);
  const shared = tf.mul(tf.sum(tf.mul(probability, truth), 2), 2);
  const sizes = tf.add(tf.sum(tf.square(probability), 2), tf.sum(truth, 2));
  const dice = tf.mul(tf.sub(1, tf.div(shared, tf.add(sizes, 2 * EPSILON))), isTaught);
  const sum = (each: tf.Tensor): tf.Scalar => tf.sum(tf.sum(each, 1), 0);
  return {
    ...terms,
    mask: quotient(sum(dice), sum(isTaught), { least: 1, weight: settings.masks.weight }),
  };
}
