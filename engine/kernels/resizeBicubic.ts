import type * as tf from '@tensorflow/tfjs-core';
import { defineKernel } from './kernel.js';
import { type AxisWeights, resample, resampleGrad } from './resample.js';

/** Slope of the cubic at distance 1, and what a tap outside the image does. */
const STYLES = {
  /** As PyTorch: the edge pixel is repeated. */
  pytorch: { slope: -0.75, repeatEdge: true },
  /** As TensorFlow 2 and JAX: left out, and the other weights scaled to a sum of 1. */
  tensorflow: { slope: -0.5, repeatEdge: false },
} as const;

export type BicubicStyle = keyof typeof STYLES;

type Attributes = { height: number; width: number; style: BicubicStyle };

const backward = defineKernel<{ dy: tf.Tensor }, Attributes, tf.Tensor>({
  name: 'EspalierResizeBicubicGrad',
  portable: ({ dy }, { height, width, style }) => resampleGrad(dy, [height, width], cubicWeights(style)),
});

const forward = defineKernel<{ x: tf.Tensor }, Attributes, tf.Tensor>({
  name: 'EspalierResizeBicubic',
  portable: ({ x }, { height, width, style }) => resample(x, [height, width], cubicWeights(style)),
  differentiation: {
    savedInputs: ['x'],
    gradient: ([dy], { x }, _, { style }) => {
      const [, height = 0, width = 0] = x.shape;
      return { x: backward({ dy }, { height, width, style }) };
    },
  },
});

/**
 * Bicubic resize with half-pixel centres. No smoothing when shrinking.
 *
 * @param x      [N, H, W, C] float32
 * @param height rows of the result
 * @param width  columns of the result
 * @param style  `pytorch`: a = -0.75, edge pixels repeated; `tensorflow`: a = -0.5, weights outside the image left out
 * @returns      [N, height, width, C] float32
 * @source Keys 1981, "Cubic convolution interpolation for digital image processing", equation 15 with a free
 */
export function resizeBicubic(
  x: tf.Tensor4D,
  height: number,
  width: number,
  style: BicubicStyle = 'pytorch',
): tf.Tensor4D {
  return forward({ x }, { height, width, style });
}

const cubicWeights =
  (style: BicubicStyle): AxisWeights =>
  (from, to) => {
    const { slope, repeatEdge } = STYLES[style];
    const matrix = new Float32Array(to * from);
    for (let i = 0; i < to; i++) {
      const position = ((i + 0.5) * from) / to - 0.5;
      const taps = [-1, 0, 1, 2].map((step) => Math.floor(position) + step);
      const weights = taps.map((tap) =>
        repeatEdge || (tap >= 0 && tap < from) ? cubic(Math.abs(position - tap), slope) : 0,
      );
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      taps.forEach((tap, k) => {
        const at = i * from + Math.min(Math.max(tap, 0), from - 1);
        matrix[at] = (matrix[at] as number) + (weights[k] as number) / total;
      });
    }
    return matrix;
  };

function cubic(distance: number, a: number): number {
  if (distance <= 1) return ((a + 2) * distance - (a + 3)) * distance ** 2 + 1;
  return distance < 2 ? ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a : 0;
}
