import * as tf from '@tensorflow/tfjs-core';
import { defineKernel } from './kernel.js';
import { type AxisWeights, resampleGrad } from './resample.js';

const backward = defineKernel<{ dy: tf.Tensor }, { height: number; width: number }, tf.Tensor>({
  name: 'EspalierResizeAlignedGrad',
  portable: ({ dy }, { height, width }) => resampleGrad(dy, [height, width], alignedMatrix),
});

const forward = defineKernel<{ x: tf.Tensor4D }, { height: number; width: number }, tf.Tensor>({
  name: 'EspalierResizeAligned',
  portable: ({ x }, { height, width }) => tf.image.resizeBilinear(x, [height, width], true, false),
  differentiation: {
    savedInputs: ['x'],
    gradient: ([dy], { x }) => {
      const [, height = 0, width = 0] = x.shape;
      return { x: backward({ dy }, { height, width }) };
    },
  },
});

/**
 * Bilinear resize whose corner pixels keep their place, as PyTorch's `align_corners=True`: output i reads at
 * i * (in - 1) / (out - 1), and at 0 where there is one output.
 *
 * @param x      [N, H, W, C] float32
 * @param height rows of the result
 * @param width  columns of the result
 * @returns      [N, height, width, C] float32
 */
export function resizeAligned(x: tf.Tensor4D, height: number, width: number): tf.Tensor4D {
  return forward({ x }, { height, width });
}

const alignedMatrix: AxisWeights = (from, to) => {
  const matrix = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    const position = to > 1 ? (i * (from - 1)) / (to - 1) : 0;
    const low = Math.floor(position);
    const high = Math.min(low + 1, from - 1);
    const share = position - low;
    matrix[i * from + low] = (matrix[i * from + low] as number) + 1 - share;
    matrix[i * from + high] = (matrix[i * from + high] as number) + share;
  }
  return matrix;
};
