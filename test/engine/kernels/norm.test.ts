import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { groupNorm, layerNorm } from '../../../engine/kernels/index.js';
import { type KernelCase, runKernelCases } from '../../conformance/kernel.js';

const EPSILON = 1e-3;
const at = (values: readonly number[] | undefined, i: number): number => values?.[i] as number;

/** Normalises every value with the mean and biased variance of those that share its set. */
function normalised(x: readonly number[], setOf: (i: number) => number): number[] {
  const sets = new Map<number, number[]>();
  for (const [i, value] of x.entries()) sets.set(setOf(i), [...(sets.get(setOf(i)) ?? []), value]);
  return x.map((value, i) => {
    const set = sets.get(setOf(i)) as number[];
    const mean = set.reduce((sum, v) => sum + v, 0) / set.length;
    const variance = set.reduce((sum, v) => sum + (v - mean) ** 2, 0) / set.length;
    return (value - mean) / Math.sqrt(variance + EPSILON);
  });
}

runKernelCases(
  'groupNorm',
  [1, 2, 4].map(
    (groups): KernelCase => ({
      name: `${groups} groups of 4 channels`,
      inputs: { x: { shape: [2, 3, 2, 4] }, scale: { shape: [4] }, shift: { shape: [4] } },
      run: ({ x, scale, shift }) =>
        groupNorm(x as tf.Tensor4D, scale as tf.Tensor1D, shift as tf.Tensor1D, { groups, epsilon: EPSILON }),
      expected: ({ x = [], scale, shift }) => [
        normalised(x, (i) => Math.floor(i / 24) * 4 + Math.floor((i % 4) / (4 / groups))).map(
          (value, i) => value * at(scale, i % 4) + at(shift, i % 4),
        ),
      ],
      differentiable: ['x', 'scale', 'shift'],
      tolerance: 5e-3,
    }),
  ),
);

runKernelCases('layerNorm', [
  {
    name: 'the last axis of a map',
    inputs: { x: { shape: [2, 3, 2, 4] }, scale: { shape: [4] }, shift: { shape: [4] } },
    run: ({ x, scale, shift }) => layerNorm(x as tf.Tensor4D, scale as tf.Tensor1D, shift as tf.Tensor1D, EPSILON),
    expected: ({ x = [], scale, shift }) => [
      normalised(x, (i) => Math.floor(i / 4)).map((value, i) => value * at(scale, i % 4) + at(shift, i % 4)),
    ],
    differentiable: ['x', 'scale', 'shift'],
    tolerance: 5e-3,
  },
]);

describe('refusals', () => {
  it('name the channels', () => {
    const [x, four, three] = [tf.zeros([1, 2, 2, 4]) as tf.Tensor4D, tf.zeros([4]), tf.zeros([3])];
    const [scale, short] = [four as tf.Tensor1D, three as tf.Tensor1D];
    expect(() => groupNorm(x, scale, scale, { groups: 3, epsilon: EPSILON })).toThrow('3 groups for 4 channels');
    expect(() => groupNorm(x, short, scale, { groups: 2, epsilon: EPSILON })).toThrow('3 scales');
    expect(() => layerNorm(x, scale, short, EPSILON)).toThrow('3 shifts');
  });
});
