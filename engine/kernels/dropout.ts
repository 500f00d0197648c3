import * as tf from '@tensorflow/tfjs-core';
import { ShapeError } from '../errors.js';
import { statelessUniform } from './statelessUniform.js';
import { greaterEqualMask } from './tape.js';

/**
 * Sets a share of the values to 0 and scales the others by 1 / (1 - rate), so that the expectation stays.
 *
 * @param x    float32 of any shape
 * @param rate in [0, 1): the share; 0 gives x itself
 * @param seed [2] int32, see statelessUniform
 * @throws ShapeError when the rate or the seed are not as above
 * @source Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting"
 */
export function dropout<T extends tf.Tensor>(x: T, rate: number, seed: tf.Tensor): T {
  return masked(x, x.shape, rate, seed);
}

/**
 * Stochastic depth: sets whole samples of a batch to 0 and scales the others by 1 / (1 - rate).
 *
 * @param x    [N, ...] float32: what a residual branch adds
 * @param rate in [0, 1): the share of samples; 0 gives x itself
 * @param seed [2] int32, see statelessUniform
 * @throws ShapeError when the rate or the seed are not as above
 * @source Huang et al. 2016, arXiv:1603.09382
 */
export function dropPath<T extends tf.Tensor>(x: T, rate: number, seed: tf.Tensor): T {
  return masked(x, [x.shape[0] ?? 1, ...x.shape.slice(1).fill(1)], rate, seed);
}

/**
 * Sets a share of the channels of each image to 0 and scales the others by 1 / (1 - rate), as PyTorch's Dropout2d.
 *
 * @param x    [N, H, W, C] float32
 * @param rate in [0, 1): the share; 0 gives x itself
 * @param seed [2] int32, see statelessUniform
 * @throws ShapeError when the rate or the seed are not as above
 * @source Tompson et al. 2015, arXiv:1411.4280
 */
export function dropChannels(x: tf.Tensor4D, rate: number, seed: tf.Tensor): tf.Tensor4D {
  return masked(x, [x.shape[0], 1, 1, x.shape[3]], rate, seed);
}

function masked<T extends tf.Tensor>(x: T, maskShape: readonly number[], rate: number, seed: tf.Tensor): T {
  if (!(rate >= 0 && rate < 1)) throw new ShapeError(`dropout got a rate of ${rate}: choose one from 0 up to below 1`);
  if (rate === 0) return x;
  const kept = greaterEqualMask(statelessUniform(maskShape, seed), rate);
  return tf.mul(x, tf.mul(kept, 1 / (1 - rate)));
}
