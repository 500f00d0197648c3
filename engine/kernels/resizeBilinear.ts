import * as tf from '@tensorflow/tfjs';
import { defineKernel } from './kernel.js';

const backward = defineKernel<{ dy: tf.Tensor }, { height: number; width: number }, tf.Tensor>({
  name: 'EspalierResizeBilinearGrad',
  portable: ({ dy }, { height, width }) => {
    const [batch = 0, outHeight = 0, outWidth = 0, channels = 0] = dy.shape;
    const rows = tf.tensor2d(interpolationMatrix(height, outHeight), [outHeight, height]);
    const columns = tf.tensor2d(interpolationMatrix(width, outWidth), [outWidth, width]);
    // The contracted axis goes last, so that each direction is one plain matrix product.
    const byWidth = tf.reshape(tf.transpose(dy, [0, 1, 3, 2]), [batch * outHeight * channels, outWidth]);
    const narrow = tf.reshape(tf.matMul(byWidth, columns), [batch, outHeight, channels * width]);
    const byHeight = tf.reshape(tf.transpose(narrow, [0, 2, 1]), [batch * channels * width, outHeight]);
    const small = tf.reshape(tf.matMul(byHeight, rows), [batch, channels, width, height]);
    return tf.transpose(small, [0, 3, 2, 1]); // [N, H, W, C]
  },
});

const forward = defineKernel<{ x: tf.Tensor }, { height: number; width: number }, tf.Tensor>({
  name: 'EspalierResizeBilinear',
  portable: ({ x }, { height, width }) => tf.image.resizeBilinear(x as tf.Tensor4D, [height, width], false, true),
  differentiation: {
    savedInputs: ['x'],
    gradient: ([dy], { x }) => {
      const [, height = 0, width = 0] = x.shape;
      return { x: backward({ dy }, { height, width }) };
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
  return forward({ x }, { height, width }) as tf.Tensor4D;
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
