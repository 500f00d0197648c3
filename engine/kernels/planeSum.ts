import * as tf from '@tensorflow/tfjs-core';
import { defineKernel } from './kernel.js';

const kernel = defineKernel<{ x: tf.Tensor }, Record<string, never>, tf.Tensor>({
  name: 'EspalierPlaneSum',
  // One pooling window per plane: a sum over middle axes transposes the map first on some backends.
  portable: ({ x }) => {
    const [, height = 1, width = 1] = x.shape;
    return tf.mul(tf.avgPool(x as tf.Tensor4D, [height, width], 1, 'valid'), height * width);
  },
});

/**
 * Sum over each plane. Not differentiable: it serves the gradients of other kernels.
 *
 * @param x [N, H, W, C] float32
 * @returns [N, 1, 1, C] float32
 */
export function planeSum(x: tf.Tensor): tf.Tensor {
  return kernel({ x }, {});
}
