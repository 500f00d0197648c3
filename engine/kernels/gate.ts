import * as tf from '@tensorflow/tfjs';
import { ShapeError } from '../errors.js';
import { defineKernel } from './kernel.js';
import { planeSum } from './planeSum.js';

const backward = defineKernel<
  { dy: tf.Tensor; x: tf.Tensor; g: tf.Tensor },
  Record<string, never>,
  readonly [dx: tf.Tensor, dg: tf.Tensor]
>({
  name: 'EspalierGateGrad',
  portable: ({ dy, x, g }) => {
    const open = tf.sigmoid(g);
    const sums = planeSum(tf.mul(dy, x));
    return [tf.mul(dy, open), tf.mul(sums, tf.mul(open, tf.sub(1, open)))] as const;
  },
});

const forward = defineKernel<{ x: tf.Tensor; g: tf.Tensor }, Record<string, never>, tf.Tensor>({
  name: 'EspalierGate',
  portable: ({ x, g }) => tf.mul(x, tf.sigmoid(g)),
  differentiation: {
    savedInputs: ['x', 'g'],
    gradient: ([dy], { x, g }) => {
      const [dx, dg] = backward({ dy, x, g }, {});
      return { x: dx, g: dg };
    },
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
  return forward({ x, g }, {}) as tf.Tensor4D;
}
