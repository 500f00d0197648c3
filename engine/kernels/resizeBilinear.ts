import * as tf from '@tensorflow/tfjs-core';
import { defineKernel } from './kernel.js';
import { resampleGrad } from './resample.js';

/** Gradient of the map before the resize. */
export const resizeBilinearGrad = defineKernel<{ dy: tf.Tensor }, { height: number; width: number }, tf.Tensor>({
  name: 'EspalierResizeBilinearGrad',
  portable: ({ dy }, { height, width }) => resampleGrad(dy, [height, width], interpolationMatrix),
});

const forward = defineKernel<{ x: tf.Tensor4D }, { height: number; width: number }, tf.Tensor>({
  name: 'EspalierResizeBilinear',
  portable: ({ x }, { height, width }) => tf.image.resizeBilinear(x, [height, width], false, true),
  differentiation: {
    savedInputs: ['x'],
    gradient: ([dy], { x }) => {
      const [, height = 0, width = 0] = x.shape;
      return { x: resizeBilinearGrad({ dy }, { height, width }) };
    },
  },
});

/**
 * Bilinear resize with half-pixel centres, as PyTorch's `align_corners=False` and TensorFlow 2: an output pixel reads
 * at (i + 0.5) * in / out - 0.5, clamped to the image. No smoothing when shrinking.
 *
 * @param x      [N, H, W, C] float32
 * @param height rows of the result
 * @param width  columns of the result
 * @returns      [N, height, width, C] float32
 */
export function resizeBilinear(x: tf.Tensor4D, height: number, width: number): tf.Tensor4D {
  return forward({ x }, { height, width });
}

/** Weights [to, from], row-major: row i holds the at most two source weights of output i. */
export function interpolationMatrix(from: number, to: number): Float32Array {
  const matrix = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    const position = Math.min(Math.max(((i + 0.5) * from) / to - 0.5, 0), from - 1);
    const low = Math.floor(position);
    const high = Math.min(low + 1, from - 1);
    const fraction = position - low;
    matrix[i * from + low] = (matrix[i * from + low] as number) + 1 - fraction;
    matrix[i * from + high] = (matrix[i * from + high] as number) + fraction;
  }
  return matrix;
}
