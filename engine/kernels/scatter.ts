import * as tf from '@tensorflow/tfjs-core';
import { ShapeError } from '../errors.js';
import { defineKernel, type Kernel } from './kernel.js';

/** Picks slices at the indices' last axis; its gradient is `scatterSlices`, whose gradient it is. */
export const pickSlices: Kernel<{ x: tf.Tensor; indices: tf.Tensor }, Record<string, never>, tf.Tensor> = defineKernel({
  name: 'EspalierGatherND',
  portable: ({ x, indices }: { x: tf.Tensor; indices: tf.Tensor }) => tf.gatherND(x, indices),
  differentiation: {
    savedInputs: ['x', 'indices'],
    gradient: ([dy], { x, indices }) => ({
      x: () => scatterSlices({ updates: dy, indices }, { shape: x.shape }),
      indices: () => tf.zeros(indices.shape),
    }),
  },
});

const scatterSlices = defineKernel<{ updates: tf.Tensor; indices: tf.Tensor }, { shape: readonly number[] }, tf.Tensor>(
  {
    name: 'EspalierScatterND',
    portable: ({ updates, indices }, { shape }) => tf.scatterND(indices, updates, [...shape]),
    differentiation: {
      savedInputs: ['indices'],
      gradient: ([dy], { indices }) => ({
        updates: () => pickSlices({ x: dy, indices }, {}),
        indices: () => tf.zeros(indices.shape),
      }),
    },
  },
);

/**
 * Zeros with values or slices added at the indices' last axis: the counterpart of gatherND.
 *
 * @param indices [..., depth] int32, each inside the first `depth` axes of the shape; places named twice get both
 * @param updates [..., rest] float32
 * @param shape   [s0, s1, ..., rest] of the result
 * @returns       float32
 * @throws ShapeError when indices and updates do not fit each other or the shape
 */
export function scatterND(indices: tf.Tensor, updates: tf.Tensor, shape: readonly number[]): tf.Tensor {
  const depth = indices.shape[indices.rank - 1] ?? 0;
  const wanted = [...indices.shape.slice(0, -1), ...shape.slice(depth)];
  if (indices.rank === 0 || depth < 1 || depth > shape.length || !tf.util.arraysEqual(updates.shape, wanted)) {
    throw new ShapeError(
      `scatterND into [${shape}] got indices [${indices.shape}] and updates [${updates.shape}]: give 1 to ${shape.length} indices a place, and updates [${wanted}]`,
    );
  }
  return scatterSlices({ updates, indices }, { shape });
}
