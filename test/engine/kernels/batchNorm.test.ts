import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { batchNormInference, batchNormTrain, channelAffine, channelSum } from '../../../engine/kernels/index.js';
import { runKernelCases } from '../../conformance/kernel.js';

const EPSILON = 1e-3;

/** [mean, biased variance] of every channel. */
function moments(x: readonly number[], channels: number): [number[], number[]] {
  const count = x.length / channels;
  const mean = Array.from(
    { length: channels },
    (_, c) => x.reduce((s, v, i) => s + (i % channels === c ? v : 0), 0) / count,
  );
  const variance = mean.map((m, c) => x.reduce((s, v, i) => s + (i % channels === c ? (v - m) ** 2 : 0), 0) / count);
  return [mean, variance];
}

const at = (values: readonly number[] | undefined, i: number): number => values?.[i] as number;

runKernelCases('batchNormTrain', [
  {
    name: 'odd sizes, with the unbiased variance beside the result',
    inputs: { x: { shape: [2, 3, 5, 3] }, scale: { shape: [3] }, shift: { shape: [3] } },
    run: ({ x, scale, shift }) => {
      const { y, mean, variance } = batchNormTrain(
        x as tf.Tensor4D,
        scale as tf.Tensor1D,
        shift as tf.Tensor1D,
        EPSILON,
      );
      return [y, mean, variance];
    },
    expected: ({ x = [], scale, shift }) => {
      const [mean, variance] = moments(x, 3);
      const y = x.map((v, i) => {
        const c = i % 3;
        return ((v - at(mean, c)) / Math.sqrt(at(variance, c) + EPSILON)) * at(scale, c) + at(shift, c);
      });
      return [y, mean, variance.map((v) => (v * 30) / 29)];
    },
    differentiable: ['x', 'scale', 'shift'],
  },
  {
    name: 'one pixel in all: nothing to divide by',
    inputs: { x: { shape: [1, 1, 1, 2] }, scale: { shape: [2] }, shift: { shape: [2] } },
    run: ({ x, scale, shift }) => {
      const { y, mean, variance } = batchNormTrain(
        x as tf.Tensor4D,
        scale as tf.Tensor1D,
        shift as tf.Tensor1D,
        EPSILON,
      );
      return [y, mean, variance];
    },
    expected: ({ x = [], shift = [] }) => [shift, x, [0, 0]],
    differentiable: ['shift'],
  },
]);

runKernelCases('batchNormInference', [
  {
    name: 'given statistics',
    inputs: {
      x: { shape: [2, 3, 2, 3] },
      mean: { shape: [3] },
      variance: { shape: [3], values: [0.5, 1, 2] },
      scale: { shape: [3] },
      shift: { shape: [3] },
    },
    run: ({ x, mean, variance, scale, shift }) =>
      batchNormInference(
        x as tf.Tensor4D,
        mean as tf.Tensor1D,
        variance as tf.Tensor1D,
        scale as tf.Tensor1D,
        shift as tf.Tensor1D,
        EPSILON,
      ),
    expected: ({ x = [], mean, variance, scale, shift }) => [
      x.map((v, i) => {
        const c = i % 3;
        return ((v - at(mean, c)) / Math.sqrt(at(variance, c) + EPSILON)) * at(scale, c) + at(shift, c);
      }),
    ],
    differentiable: ['x', 'mean', 'variance', 'scale', 'shift'],
  },
]);

runKernelCases('channelSum and channelAffine', [
  {
    name: 'the sum of an affine map',
    inputs: { x: { shape: [2, 1, 5, 3] }, factor: { shape: [3] }, offset: { shape: [3] } },
    run: ({ x, factor, offset }) => channelSum(channelAffine(x as tf.Tensor, factor as tf.Tensor, offset as tf.Tensor)),
    expected: ({ x = [], factor, offset }) => [
      [0, 1, 2].map((c) => x.reduce((s, v, i) => s + (i % 3 === c ? v * at(factor, c) + at(offset, c) : 0), 0)),
    ],
    differentiable: ['x', 'factor', 'offset'],
  },
]);

it('batchNormTrain refuses scales of another channel count', () => {
  expect(() => batchNormTrain(tf.zeros([1, 2, 2, 3]), tf.zeros([2]), tf.zeros([3]), EPSILON)).toThrow(
    '3 channels but 2',
  );
});
