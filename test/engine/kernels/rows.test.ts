import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import {
  cumsum,
  detached,
  equalMask,
  gatherND,
  gatherRows,
  greaterMask,
  lessEqualMask,
  normalizeImages,
  scatterND,
  sortRows,
  topK,
} from '../../../engine/kernels/index.js';
import { runKernelCases } from '../../conformance/kernel.js';

runKernelCases('cumsum', [
  ...[0, 1, 2, 3].map((axis) => ({
    name: `along axis ${axis} of 4`,
    inputs: { x: { shape: [2, 3, 4, 2] } },
    run: ({ x }: { readonly [name: string]: tf.Tensor }) => cumsum(x as tf.Tensor, axis),
    expected: ({ x = [] }: { readonly [name: string]: readonly number[] }) => {
      const stride = [24, 8, 2, 1][axis] as number;
      const length = [2, 3, 4, 2][axis] as number;
      const sums = [...x];
      for (let i = 0; i < sums.length; i++) {
        if (Math.floor(i / stride) % length > 0) sums[i] = (sums[i] as number) + (sums[i - stride] as number);
      }
      return [sums];
    },
    differentiable: ['x'],
  })),
  {
    name: 'exclusive and from the end',
    inputs: { x: { shape: [2, 3], values: [1, 2, 3, 4, 5, 6] } },
    run: ({ x }) => cumsum(x as tf.Tensor, 1, { exclusive: true, reverse: true }),
    expected: () => [[5, 3, 0, 11, 6, 0]],
    differentiable: ['x'],
  },
]);

const indices = (values: number[][]): tf.Tensor2D => tf.tensor2d(values, undefined, 'int32');

runKernelCases('gatherND', [
  {
    name: 'slices, one of them twice',
    inputs: { x: { shape: [3, 2, 2] } },
    run: ({ x }) =>
      gatherND(
        x as tf.Tensor,
        indices([
          [2, 0],
          [0, 1],
          [2, 0],
        ]),
      ),
    expected: ({ x = [] }) => [[8, 9, 2, 3, 8, 9].map((i) => x[i] as number)],
    differentiable: ['x'],
  },
]);

runKernelCases('gatherRows', [
  {
    name: 'rows of two items, one of them twice',
    inputs: { x: { shape: [2, 3, 2] } },
    run: ({ x }) =>
      gatherRows(
        x as tf.Tensor3D,
        indices([
          [2, 2, 0],
          [1, 0, 2],
        ]),
      ),
    expected: ({ x = [] }) => [[4, 5, 4, 5, 0, 1, 8, 9, 6, 7, 10, 11].map((i) => x[i] as number)],
    differentiable: ['x'],
  },
]);

runKernelCases('topK', [
  {
    name: 'the largest two',
    inputs: { x: { shape: [2, 4], values: [1, 4, 3, 2, -1, -3, -2, -4] } },
    run: ({ x }) => topK(x as tf.Tensor2D, 2).values,
    expected: () => [[4, 3, -1, -2]],
    differentiable: ['x'],
  },
]);

runKernelCases('sortRows', [
  {
    name: 'descending, another tensor in the same order',
    inputs: { x: { shape: [2, 3], values: [1, 4, 3, -1, -3, -2] }, y: { shape: [2, 3] } },
    run: ({ x, y }) => {
      const { values, indices } = sortRows(x as tf.Tensor2D);
      const other = gatherRows(tf.reshape(y as tf.Tensor, [2, 3, 1]), indices);
      return tf.mul(values, tf.reshape(other, [2, 3]));
    },
    expected: ({ x = [], y = [] }) => [[1, 2, 0, 3, 5, 4].map((i) => (x[i] as number) * (y[i] as number))],
    differentiable: ['x', 'y'],
  },
]);

runKernelCases('scatterND', [
  {
    name: 'slices, one place twice',
    inputs: { updates: { shape: [3, 2] } },
    run: ({ updates }) =>
      scatterND(
        indices([
          [2, 0],
          [0, 1],
          [2, 0],
        ]),
        updates as tf.Tensor,
        [3, 2, 2],
      ),
    expected: ({ updates: u = [] }) => {
      const at = (i: number): number => u[i] as number;
      return [[0, 0, at(2), at(3), 0, 0, 0, 0, at(0) + at(4), at(1) + at(5), 0, 0]];
    },
    differentiable: ['updates'],
  },
]);

runKernelCases('stock ops the losses rely on', [
  {
    name: 'softplus',
    inputs: { x: { shape: [6], values: [-80, -3, -0.1, 0.1, 3, 80] } },
    run: ({ x }) => tf.softplus(x as tf.Tensor),
    expected: ({ x = [] }) => [x.map((v) => Math.max(v, 0) + Math.log1p(Math.exp(-Math.abs(v))))],
    differentiable: ['x'],
  },
  {
    name: 'logSigmoid',
    inputs: { x: { shape: [6], values: [-80, -3, -0.1, 0.1, 3, 80] } },
    run: ({ x }) => tf.logSigmoid(x as tf.Tensor),
    expected: ({ x = [] }) => [x.map((v) => Math.min(v, 0) - Math.log1p(Math.exp(-Math.abs(v))))],
    differentiable: ['x'],
  },
  {
    name: 'gather along a middle axis',
    inputs: { x: { shape: [2, 3, 2] } },
    run: ({ x }) => tf.gather(x as tf.Tensor, tf.tensor1d([2, 0, 2], 'int32'), 1),
    expected: ({ x = [] }) => [[4, 5, 0, 1, 4, 5, 10, 11, 6, 7, 10, 11].map((i) => x[i] as number)],
    differentiable: ['x'],
  },
  ...([false, true] as const).flatMap((transposeA) =>
    ([false, true] as const).map((transposeB) => ({
      name: `matMul, transposed ${transposeA}, ${transposeB}`,
      inputs: { a: { shape: [2, 3, 3] }, b: { shape: [2, 3, 3] } },
      run: ({ a, b }: { readonly [name: string]: tf.Tensor }) =>
        tf.matMul(a as tf.Tensor, b as tf.Tensor, transposeA, transposeB),
      expected: ({ a, b }: { readonly [name: string]: readonly number[] }) => [
        Array.from({ length: 18 }, (_, i) => {
          const [batch, row, column] = [Math.floor(i / 9) * 9, Math.floor(i / 3) % 3, i % 3];
          return [0, 1, 2].reduce((sum, k) => {
            const left = a?.[batch + (transposeA ? k * 3 + row : row * 3 + k)] as number;
            return sum + left * (b?.[batch + (transposeB ? column * 3 + k : k * 3 + column)] as number);
          }, 0);
        }),
      ],
      differentiable: ['a', 'b'],
    })),
  ),
]);

describe('masks', () => {
  it('compare tensors that are being differentiated, and are constants to the gradient', () => {
    const gradient = tf.grad((x) => tf.sum(tf.mul(tf.mul(x, x), tf.add(greaterMask(x, 1), equalMask(x, 0.5)))));
    expect(Array.from(gradient(tf.tensor1d([0, 0.5, 1, 2])).dataSync())).toEqual([0, 1, 0, 4]);
    expect(Array.from(lessEqualMask(tf.tensor1d([1, 2]), tf.tensor1d([1, 1])).dataSync())).toEqual([1, 0]);
  });

  it('detached hides a computation from the gradient, and the tape works again after an error inside', () => {
    expect(() => detached(() => tf.reshape(tf.zeros([2]), [3]))).toThrow();
    const gradient = tf.grad((x) =>
      tf.mul(
        x,
        detached(() => tf.square(x)),
      ),
    );
    expect(gradient(tf.scalar(3)).dataSync()[0]).toBe(9);
  });
});

describe('normalizeImages', () => {
  it('subtracts the mean and divides by the deviation of each channel', () => {
    const images = tf.tensor4d([0, 128, 255, 10, 20, 30], [1, 1, 2, 3], 'int32');
    const normalised = normalizeImages(images, [10, 20, 30], [2, 4, 5]);
    expect(normalised.dtype).toBe('float32');
    const expected = [-5, 27, 45, 0, 0, 0];
    normalised.dataSync().forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i] as number, 5);
    });
  });
});

describe('refusals', () => {
  it('name the value and the range', () => {
    expect(() => topK(tf.zeros([1, 3]), 4)).toThrow('rows of 3');
    expect(() => cumsum(tf.zeros([2, 2]), 2)).toThrow('axis 2');
    expect(() => scatterND(indices([[0]]), tf.zeros([1, 3]), [2, 2])).toThrow('updates [1,2]');
    expect(() => gatherRows(tf.zeros([2, 3, 1]), indices([[0]]))).toThrow('one list per item');
  });
});
