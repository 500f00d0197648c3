import * as tf from '@tensorflow/tfjs-core';
import { defineKernel } from './kernel.js';
import { type AxisWeights, resampleGrad } from './resample.js';

type Attributes = { height: number; width: number; centred: boolean };

/** Gradient of the map before the resize. */
export const resizeNearestGrad = defineKernel<{ dy: tf.Tensor }, Attributes, tf.Tensor>({
  name: 'EspalierResizeNearestGrad',
  portable: ({ dy }, { height, width, centred }) => {
    const [, outHeight = 0, outWidth = 0] = dy.shape;
    if (outHeight % height === 0 && outWidth % width === 0) {
      const window: [number, number] = [outHeight / height, outWidth / width];
      return tf.mul(tf.avgPool(dy as tf.Tensor4D, window, window, 'valid'), window[0] * window[1]);
    }
    return resampleGrad(dy, [height, width], selectionMatrix(centred));
  },
});

const forward = defineKernel<{ x: tf.Tensor4D }, Attributes, tf.Tensor>({
  name: 'EspalierResizeNearest',
  portable: ({ x }, { height, width, centred }) => {
    const [, inHeight = 0, inWidth = 0] = x.shape;
    // The op multiplies by in / out in float32: exact for these, one pixel off for some others.
    const exact = isPowerOfTwo(height / inHeight) && isPowerOfTwo(width / inWidth);
    if (exact && (!centred || (height >= inHeight && width >= inWidth))) {
      return tf.image.resizeNearestNeighbor(x, [height, width]);
    }
    const indices = (from: number, to: number): tf.Tensor1D => tf.tensor1d(nearestIndices(from, to, centred), 'int32');
    const tall = height === inHeight ? x : tf.gather(x, indices(inHeight, height), 1);
    return width === inWidth ? tall : tf.gather(tall, indices(inWidth, width), 2);
  },
  differentiation: {
    savedInputs: ['x'],
    gradient: ([dy], { x }, _, { centred }) => {
      const [, height = 0, width = 0] = x.shape;
      return { x: resizeNearestGrad({ dy }, { height, width, centred }) };
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
  return forward({ x }, { height, width, centred: false });
}

/**
 * Nearest-neighbour resize with half-pixel centres: output i reads input floor((i + 0.5) * in / out), as PyTorch's mode
 * 'nearest-exact' and TensorFlow 2. Equal to `resizeNearest` for whole factors up.
 *
 * @param x      [N, H, W, C] float32
 * @param height rows of the result
 * @param width  columns of the result
 * @returns      [N, height, width, C] float32
 */
export function resizeNearestExact(x: tf.Tensor4D, height: number, width: number): tf.Tensor4D {
  return forward({ x }, { height, width, centred: true });
}

function isPowerOfTwo(factor: number): boolean {
  return Number.isInteger(Math.log2(factor));
}

/** The input index each output reads. */
function nearestIndices(from: number, to: number, centred = false): Int32Array {
  const offset = centred ? 0.5 : 0;
  return Int32Array.from({ length: to }, (_, i) => Math.min(Math.floor(((i + offset) * from) / to), from - 1));
}

const selectionMatrix =
  (centred: boolean): AxisWeights =>
  (from, to) => {
    const matrix = new Float32Array(to * from);
    nearestIndices(from, to, centred).forEach((source, i) => {
      matrix[i * from + source] = 1;
    });
    return matrix;
  };
