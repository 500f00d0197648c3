import * as tf from '@tensorflow/tfjs-core';
import { defineKernel } from './kernel.js';

const backward = defineKernel<{ dy: tf.Tensor; x: tf.Tensor }, Record<string, never>, tf.Tensor>({
  name: 'EspalierGeluGrad',
  portable: ({ dy, x }) => {
    const density = tf.mul(tf.exp(tf.mul(tf.square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
    return tf.mul(dy, tf.add(normalDistribution(x), tf.mul(x, density)));
  },
});

const forward = defineKernel<{ x: tf.Tensor }, Record<string, never>, tf.Tensor>({
  name: 'EspalierGelu',
  portable: ({ x }) => tf.mul(x, normalDistribution(x)),
  differentiation: {
    savedInputs: ['x'],
    gradient: ([dy], { x }) => ({ x: backward({ dy, x }, {}) }),
  },
});

/**
 * x times the normal distribution function of x, by the error function (not its tanh approximation).
 *
 * @param x float32 of any shape
 * @source Hendrycks & Gimpel 2016, arXiv:1606.08415
 */
export function gelu<T extends tf.Tensor>(x: T): T {
  return forward({ x }, {});
}

function normalDistribution(x: tf.Tensor): tf.Tensor {
  return tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5);
}
