import * as tf from '@tensorflow/tfjs-core';
import { ShapeError } from '../errors.js';
import { channelSum } from './channelSum.js';
import { defineKernel } from './kernel.js';

const backward = defineKernel<
  { dy: tf.Tensor; x: tf.Tensor; scale: tf.Tensor; mean: tf.Tensor; inverseDeviation: tf.Tensor },
  Record<string, never>,
  readonly [dx: tf.Tensor, dScale: tf.Tensor, dShift: tf.Tensor]
>({
  name: 'EspalierLayerNormGrad',
  portable: ({ dy, x, scale, mean, inverseDeviation }) => {
    const normalised = tf.mul(tf.sub(x, mean), inverseDeviation);
    const scaled = tf.mul(dy, scale);
    const slope = tf.mean(tf.mul(scaled, normalised), 1, true);
    const correction = tf.add(tf.mul(normalised, slope), tf.mean(scaled, 1, true));
    const dx = tf.mul(tf.sub(scaled, correction), inverseDeviation);
    return [dx, channelSum(tf.mul(dy, normalised)), channelSum(dy)] as const;
  },
});

const forward = defineKernel<
  { x: tf.Tensor; scale: tf.Tensor; shift: tf.Tensor },
  { epsilon: number },
  readonly [y: tf.Tensor, mean: tf.Tensor, inverseDeviation: tf.Tensor]
>({
  name: 'EspalierLayerNorm',
  portable: ({ x, scale, shift }, { epsilon }) => {
    const mean = tf.mean(x, 1, true); // [rows, 1]
    const centred = tf.sub(x, mean);
    const inverseDeviation = tf.rsqrt(tf.add(tf.mean(tf.square(centred), 1, true), epsilon));
    const y = tf.add(tf.mul(tf.mul(centred, inverseDeviation), scale), shift);
    return [y, mean, inverseDeviation] as const;
  },
  differentiation: {
    savedInputs: ['x', 'scale'],
    savedOutputs: [1, 2],
    gradient: ([dy], { x, scale }, [mean, inverseDeviation]) => {
      const saved = { mean: mean as tf.Tensor, inverseDeviation: inverseDeviation as tf.Tensor };
      const [dx, dScale, dShift] = backward({ dy, x, scale, ...saved }, {});
      return { x: dx, scale: dScale, shift: dShift };
    },
  },
});

/**
 * Normalises the last axis by its own mean and biased variance, at every place.
 *
 * @param x       [..., C] float32
 * @param scale   [C] float32
 * @param shift   [C] float32
 * @param epsilon added to the variance
 * @returns       [..., C] float32
 * @throws ShapeError when scale or shift do not have C values
 * @source Ba et al. 2016, arXiv:1607.06450
 */
export function layerNorm<T extends tf.Tensor>(x: T, scale: tf.Tensor1D, shift: tf.Tensor1D, epsilon: number): T {
  const channels = x.shape[x.rank - 1] ?? 1;
  if (scale.size !== channels || shift.size !== channels) {
    throw new ShapeError(
      `layer norm got ${channels} channels but ${scale.size} scales and ${shift.size} shifts: make one of each per channel`,
    );
  }
  const rows = tf.reshape(x, [x.size / channels, channels]);
  const [y, mean, inverseDeviation] = forward({ x: rows, scale, shift }, { epsilon });
  tf.dispose([mean, inverseDeviation]);
  return tf.reshape(y, x.shape) as T;
}
