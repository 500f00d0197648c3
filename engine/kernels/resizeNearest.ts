import * as tf from '@tensorflow/tfjs';
import { defineKernel } from './kernel.js';
import { resampleGrad } from './resampleGrad.js';

const backward = defineKernel<{ dy: tf.Tensor }, { height: number; width: number }, tf.Tensor>({
  name: 'EspalierResizeNearestGrad',
  portable: ({ dy }, { height, width }) => {
    const [, outHeight = 0, outWidth = 0] = dy.shape;
    if (outHeight % height === 0 && outWidth % width === 0) {
      const window: [number, number] = [outHeight / height, outWidth / width];
      return tf.mul(tf.avgPool(dy as tf.Tensor4D, window, window, 'valid'), window[0] * window[1]);
    }
    return resampleGrad(dy, [height, width], selectionMatrix);
  },
});

const forward = defineKernel<{ x: tf.Tensor }, { height: number; width: number }, tf.Tensor>({
  name: 'EspalierResizeNearest',
  portable: ({ x }, { height, width }) => {
    const [, inHeight = 0, inWidth = 0] = x.shape;
    // The op multiplies by in / out in float32: exact for these, one pixel off for some others.
    if (isPowerOfTwo(height / inHeight) && isPowerOfTwo(width / inWidth)) {
      return tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [height, width]);
    }
    const tall = height === inHeight ? x : tf.gather(x, tf.tensor1d(nearestIndices(inHeight, height), 'int32'), 1);
    return width === inWidth ? tall : tf.gather(tall, tf.tensor1d(nearestIndices(inWidth, width), 'int32'), 2);
  },
  differentiation: {
    savedInputs: ['x'],
    gradient: ([dy], { x }) => {
      const [, height = 0, width = 0] = x.shape;
      return { x: backward({ dy }, { height, width }) };
    },
  },
});

/**
 * Nearest-neighbour resize: output i reads input floor(i * in / out), as PyTorch's mode 'nearest'. Whole factors repeat
 * each pixel.
 *
 * @param x      [N, H, W, C] float32
 * @param height rows of the result
 * @param width  columns of the result
 * @returns      [N, height, width, C] float32
 */
export function resizeNearest(x: tf.Tensor4D, height: number, width: number): tf.Tensor4D {
  return forward({ x }, { height, width }) as tf.Tensor4D;
}

function isPowerOfTwo(factor: number): boolean {
  return Number.isInteger(Math.log2(factor));
}

/** The input index each output reads. */
export function nearestIndices(from: number, to: number): Int32Array {
  return Int32Array.from({ length: to }, (_, i) => Math.min(Math.floor((i * from) / to), from - 1));
}

function selectionMatrix(from: number, to: number): Float32Array {
  const matrix = new Float32Array(to * from);
  nearestIndices(from, to).forEach((source, i) => {
    matrix[i * from + source] = 1;
  });
  return matrix;
}
