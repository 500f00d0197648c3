import * as tf from '@tensorflow/tfjs-core';
import { ShapeError } from '../errors.js';
import { defineKernel } from './kernel.js';
import { planeSum } from './planeSum.js';

type Attributes = { groups: number; epsilon: number };

const backward = defineKernel<
  { dy: tf.Tensor; x: tf.Tensor; scale: tf.Tensor; mean: tf.Tensor; inverseDeviation: tf.Tensor },
  { groups: number },
  readonly [dx: tf.Tensor, dScale: tf.Tensor, dShift: tf.Tensor]
>({
  name: 'EspalierGroupNormGrad',
  portable: ({ dy, x, scale, mean, inverseDeviation }, { groups }) => {
    const centred = tf.sub(x, mean);
    const dySums = planeSum(dy); // [N, 1, 1, C]
    const normalisedSums = tf.mul(planeSum(tf.mul(dy, centred)), inverseDeviation);
    // dx = scale / deviation * dy - (mean(scale * dy) + normalised * mean(scale * dy * normalised)) / deviation
    const offset = tf.mul(groupMean(tf.mul(dySums, scale), x.shape, groups), inverseDeviation);
    const slope = groupMean(tf.mul(normalisedSums, scale), x.shape, groups);
    const correction = tf.add(tf.mul(centred, tf.mul(slope, tf.square(inverseDeviation))), offset);
    const dx = tf.sub(tf.mul(dy, tf.mul(inverseDeviation, scale)), correction);
    return [dx, tf.sum(normalisedSums, [0, 1, 2]), tf.sum(dySums, [0, 1, 2])] as const;
  },
});

const forward = defineKernel<
  { x: tf.Tensor; scale: tf.Tensor; shift: tf.Tensor },
  Attributes,
  readonly [y: tf.Tensor, mean: tf.Tensor, inverseDeviation: tf.Tensor]
>({
  name: 'EspalierGroupNorm',
  portable: ({ x, scale, shift }, { groups, epsilon }) => {
    const mean = groupMean(planeSum(x), x.shape, groups);
    const centred = tf.sub(x, mean);
    const variance = groupMean(planeSum(tf.square(centred)), x.shape, groups);
    const inverseDeviation = tf.rsqrt(tf.add(variance, epsilon));
    const y = tf.add(tf.mul(centred, tf.mul(inverseDeviation, scale)), shift);
    return [y, mean, inverseDeviation] as const;
  },
  differentiation: {
    savedInputs: ['x', 'scale'],
    savedOutputs: [1, 2],
    gradient: ([dy], { x, scale }, [mean, inverseDeviation], { groups }) => {
      const saved = { mean: mean as tf.Tensor, inverseDeviation: inverseDeviation as tf.Tensor };
      const [dx, dScale, dShift] = backward({ dy, x, scale, ...saved }, { groups });
      return { x: dx, scale: dScale, shift: dShift };
    },
  },
});

/**
 * Normalises each group of channels of each image by its own mean and biased variance.
 *
 * @param x       [N, H, W, C] float32
 * @param scale   [C] float32
 * @param shift   [C] float32
 * @param options groups: how many equal runs of channels, a divisor of C; epsilon: added to the variance
 * @returns       [N, H, W, C] float32
 * @throws ShapeError when the groups do not divide C, or scale or shift do not have C values
 * @source Wu & He 2018, arXiv:1803.08494
 */
export function groupNorm(
  x: tf.Tensor4D,
  scale: tf.Tensor1D,
  shift: tf.Tensor1D,
  options: { readonly groups: number; readonly epsilon: number },
): tf.Tensor4D {
  const { groups, epsilon } = options;
  const channels = x.shape[3];
  if (!Number.isInteger(groups) || groups < 1 || channels % groups !== 0) {
    throw new ShapeError(`group norm got ${groups} groups for ${channels} channels: choose a divisor`);
  }
  if (scale.size !== channels || shift.size !== channels) {
    throw new ShapeError(
      `group norm got ${channels} channels but ${scale.size} scales and ${shift.size} shifts: make one of each per channel`,
    );
  }
  const [y, mean, inverseDeviation] = forward({ x, scale, shift }, { groups, epsilon });
  tf.dispose([mean, inverseDeviation]);
  return y as tf.Tensor4D;
}

/** Sums of planes [N, 1, 1, C] -> means of their groups, given to every channel of the group. */
function groupMean(
  sums: tf.Tensor,
  [batch = 0, height = 0, width = 0, channels = 0]: number[],
  groups: number,
): tf.Tensor {
  const members = channels / groups;
  const totals = tf.sum(tf.reshape(sums, [batch, groups, members]), 2, true);
  const means = tf.mul(totals, tf.fill([1, 1, members], 1 / (height * width * members)));
  return tf.reshape(means, [batch, 1, 1, channels]);
}
