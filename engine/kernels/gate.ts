import * as tf from '@tensorflow/tfjs-core';
import { ShapeError } from '../errors.js';
import { defineKernel, type Kernel } from './kernel.js';
import { planeSum } from './planeSum.js';

const logitGradient = defineKernel<{ dy: tf.Tensor; x: tf.Tensor; g: tf.Tensor }, Record<string, never>, tf.Tensor>({
  name: 'EspalierGateGrad',
  portable: ({ dy, x, g }) => {
    const open = tf.sigmoid(g);
    return tf.mul(planeSum(tf.mul(dy, x)), tf.mul(open, tf.sub(1, open)));
  },
});

const forward: Kernel<{ x: tf.Tensor; g: tf.Tensor }, Record<string, never>, tf.Tensor> = defineKernel({
  name: 'EspalierGate',
  portable: ({ x, g }) => tf.mul(x, tf.sigmoid(g)),
  differentiation: {
    savedInputs: ['x', 'g'],
    gradient: ([dy], { x, g }) => ({
      x: () => forward({ x: dy, g }, {}),
      g: () => logitGradient({ dy, x, g }, {}),
    }),
  },
});

/**
 * x * sigmoid(g): the last step of squeeze-and-excitation.
 *
 * @param x [N, H, W, C] float32
 * @param g [N, 1, 1, C] float32, logits
 * @returns [N, H, W, C] float32
 * @throws ShapeError when g is not one value per image and channel of x
 * @source Hu et al. 2018, arXiv:1709.01507, equation 4
 */
export function gate(x: tf.Tensor4D, g: tf.Tensor4D): tf.Tensor4D {
  const wanted = [x.shape[0], 1, 1, x.shape[3]];
  if (!tf.util.arraysEqual(g.shape, wanted)) {
    throw new ShapeError(`gate of a map [${x.shape}] got logits [${g.shape}]: give it [${wanted}]`);
  }
  return forward({ x, g }, {});
}
