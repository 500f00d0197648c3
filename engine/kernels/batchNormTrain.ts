import * as tf from '@tensorflow/tfjs-core';
import { ShapeError } from '../errors.js';
import { channelAffine } from './channelAffine.js';
import { channelSum } from './channelSum.js';
import { defineKernel } from './kernel.js';

export interface BatchStatistics {
  /** [N, H, W, C] float32, normalised with the biased variance of this batch. */
  readonly y: tf.Tensor4D;
  /** [C] float32. */
  readonly mean: tf.Tensor1D;
  /** [C] float32, unbiased (divided by N * H * W - 1): what the moving average of TensorFlow and PyTorch is fed with. */
  readonly variance: tf.Tensor1D;
}

const backward = defineKernel<
  { dy: tf.Tensor; x: tf.Tensor; scale: tf.Tensor; mean: tf.Tensor; inverseDeviation: tf.Tensor },
  Record<string, never>,
  readonly [dx: tf.Tensor, dScale: tf.Tensor, dShift: tf.Tensor]
>({
  name: 'EspalierBatchNormTrainGrad',
  portable: ({ dy, x, scale, mean, inverseDeviation }) => {
    const count = x.size / scale.size;
    const centred = channelAffine(x, tf.onesLike(mean), tf.neg(mean));
    const dShift = channelSum(dy);
    const dScale = tf.mul(channelSum(tf.mul(dy, centred)), inverseDeviation);
    // dx = scale / deviation * (dy - mean(dy) - normalised * mean(dy * normalised))
    const factor = tf.mul(scale, inverseDeviation);
    const slope = tf.div(tf.mul(tf.mul(dScale, inverseDeviation), factor), -count);
    const offset = tf.div(tf.mul(dShift, factor), -count);
    const dx = tf.add(channelAffine(dy, factor, tf.zerosLike(factor)), channelAffine(centred, slope, offset));
    return [dx, dScale, dShift] as const;
  },
});

const forward = defineKernel<
  { x: tf.Tensor; scale: tf.Tensor; shift: tf.Tensor },
  { epsilon: number },
  readonly [y: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor, inverseDeviation: tf.Tensor]
>({
  name: 'EspalierBatchNormTrain',
  portable: ({ x, scale, shift }, { epsilon }) => {
    const count = x.size / scale.size;
    const mean = tf.div(channelSum(x), count);
    const centred = channelAffine(x, tf.onesLike(mean), tf.neg(mean));
    const squares = channelSum(tf.square(centred));
    const inverseDeviation = tf.rsqrt(tf.add(tf.div(squares, count), epsilon));
    const y = channelAffine(centred, tf.mul(inverseDeviation, scale), shift);
    return [y, mean, tf.div(squares, Math.max(1, count - 1)), inverseDeviation] as const;
  },
  differentiation: {
    savedInputs: ['x', 'scale'],
    savedOutputs: [1, 3],
    gradient: ([dy], { x, scale }, [mean, inverseDeviation]) => {
      const [dx, dScale, dShift] = backward(
        { dy, x, scale, mean: mean as tf.Tensor, inverseDeviation: inverseDeviation as tf.Tensor },
        {},
      );
      return { x: dx, scale: dScale, shift: dShift };
    },
  },
});

/**
 * Batch normalisation with the statistics of this batch. Gradients flow through `y` only.
 *
 * @param x       [N, H, W, C] float32
 * @param scale   [C] float32
 * @param shift   [C] float32
 * @param epsilon added to the variance
 * @throws ShapeError when scale or shift do not have C values
 * @source Ioffe & Szegedy 2015, arXiv:1502.03167, algorithm 1 and its gradient in closed form
 */
export function batchNormTrain(
  x: tf.Tensor4D,
  scale: tf.Tensor1D,
  shift: tf.Tensor1D,
  epsilon: number,
): BatchStatistics {
  const channels = x.shape[3];
  if (scale.size !== channels || shift.size !== channels) {
    throw new ShapeError(
      `batch norm got ${channels} channels but ${scale.size} scales and ${shift.size} shifts: make one of each per channel`,
    );
  }
  const [y, mean, variance, inverseDeviation] = forward({ x, scale, shift }, { epsilon });
  inverseDeviation.dispose();
  return { y: y as tf.Tensor4D, mean: mean as tf.Tensor1D, variance: variance as tf.Tensor1D };
}
