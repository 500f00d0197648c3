import * as tf from '@tensorflow/tfjs-core';
import { defineKernel } from './kernel.js';
import { planeSum } from './planeSum.js';

const backward = defineKernel<{ dMean: tf.Tensor; dy: tf.Tensor }, Record<string, never>, tf.Tensor>({
  name: 'EspalierSqueezeGrad',
  portable: ({ dMean, dy }) => tf.add(dy, tf.mul(dMean, 1 / cellsOf(dy))),
});

const forward = defineKernel<{ x: tf.Tensor }, Record<string, never>, readonly [mean: tf.Tensor, y: tf.Tensor]>({
  name: 'EspalierSqueeze',
  portable: ({ x }) => [tf.mul(planeSum(x), 1 / cellsOf(x)), x] as const,
  differentiation: {
    savedInputs: [],
    gradient: ([dMean, dy]) => ({ x: backward({ dMean, dy: dy as tf.Tensor }, {}) }),
  },
});

const cellsOf = ({ shape: [, height = 1, width = 1] }: tf.Tensor): number => height * width;

/**
 * The mean of each plane, and the map itself for whatever else is made of it: their gradients meet in one pass over the map.
 *
 * @param x [N, H, W, C] float32
 * @returns mean [N, 1, 1, C] and x [N, H, W, C], float32
 * @source Hu et al. 2018, arXiv:1709.01507, equation 2
 */
export function squeeze(x: tf.Tensor4D): { readonly mean: tf.Tensor4D; readonly x: tf.Tensor4D } {
  const [mean, y] = forward({ x }, {});
  return { mean: mean as tf.Tensor4D, x: y as tf.Tensor4D };
}
