import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { openWasm } from '../../../engine/wasm/wasm.js';
import { expectClose, type KernelCase, runKernelCases } from '../../conformance/kernel.js';

/** These are stock tfjs ops whose kernels the wasm engine replaces; other engines bring their own. */
const wasm = tf.getBackend() === 'wasm';

type Inputs = { readonly [name: string]: tf.Tensor };

const depthwise = (size: readonly [number, number], window: readonly [number, number], stride: number): KernelCase => ({
  name: `depthwise, two maps per channel, ${size} by ${window}, stride ${stride}`,
  inputs: { x: { shape: [2, ...size, 2] }, filter: { shape: [...window, 2, 2] } },
  run: ({ x, filter }) => tf.depthwiseConv2d(x as tf.Tensor4D, filter as tf.Tensor4D, stride, 'same'),
  differentiable: ['x', 'filter'],
});

const averages = (size: readonly [number, number], window: [number, number], stride: [number, number]): KernelCase => ({
  name: `tf.avgPool at the border, ${size} by ${window}, stride ${stride}`,
  inputs: { x: { shape: [2, ...size, 2] } },
  run: ({ x }) => tf.avgPool(x as tf.Tensor4D, window, stride, 'same'),
  differentiable: ['x'],
});

const batchNorm = (name: string): KernelCase => ({
  name: `tf.batchNorm, gradient of ${name}`,
  inputs: {
    x: { shape: [2, 2, 3, 2] },
    mean: { shape: [2] },
    variance: { shape: [2], values: [0.5, 2] },
    offset: { shape: [2] },
    scale: { shape: [2] },
  },
  run: ({ x, mean, variance, offset, scale }: Inputs) =>
    tf.batchNorm(
      x as tf.Tensor4D,
      mean as tf.Tensor1D,
      variance as tf.Tensor1D,
      offset as tf.Tensor1D,
      scale as tf.Tensor1D,
    ),
  differentiable: [name],
});

describe.skipIf(!wasm)('the wasm engine', () => {
  runKernelCases('stock ops', [
    depthwise([5, 4], [3, 3], 1),
    depthwise([6, 5], [5, 3], 2),
    averages([5, 7], [3, 3], [2, 2]),
    averages([4, 3], [2, 2], [1, 1]),
    ...['x', 'mean', 'variance', 'offset', 'scale'].map(batchNorm),
    {
      name: 'explicit padding inside conv2d',
      inputs: { x: { shape: [1, 4, 5, 2] }, filter: { shape: [3, 3, 2, 2] } },
      run: ({ x, filter }) =>
        tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 2, [
          [0, 0],
          [0, 1],
          [2, 1],
          [0, 0],
        ]),
      differentiable: ['x', 'filter'],
    },
  ]);

  runKernelCases('stock ops through the reference kernels', [
    {
      name: 'dilation2d of negative values',
      inputs: { x: { shape: [1, 4, 5, 2] }, filter: { shape: [2, 2, 2] } },
      run: ({ x, filter }) =>
        tf.dilation2d(tf.sub(x as tf.Tensor4D, 9) as tf.Tensor4D, filter as tf.Tensor3D, 1, 'valid'),
      differentiable: ['x', 'filter'],
    },
    {
      name: 'conv3d',
      inputs: { x: { shape: [1, 3, 2, 3, 2] }, filter: { shape: [2, 2, 2, 2, 2] } },
      run: ({ x, filter }) => tf.conv3d(x as tf.Tensor5D, filter as tf.Tensor5D, 1, 'same'),
      differentiable: ['x', 'filter'],
    },
    {
      name: 'maxPool3d of negative values',
      inputs: { x: { shape: [1, 3, 2, 3, 2] } },
      run: ({ x }) => tf.maxPool3d(tf.sub(x as tf.Tensor5D, 9) as tf.Tensor5D, 2, 1, 'same'),
      differentiable: ['x'],
    },
  ]);

  it('finds the largest of negative windows and their places', () => {
    const x = tf.tensor4d([-5, -3, -4, -9, -1, -2, -8, -6], [1, 2, 4, 1]);
    const { result, indexes } = tf.maxPoolWithArgmax(x, 2, 2, 'valid');
    expect(Array.from((result as tf.Tensor).dataSync())).toEqual([-1, -4]);
    expect(Array.from((indexes as tf.Tensor).dataSync())).toEqual([4, 2]);
  });

  it('fills what a rotation leaves open', () => {
    const rotated = tf.image.rotateWithOffset(tf.ones([1, 4, 4, 1]), 0.5, 0.25).dataSync();
    expect(new Set(rotated)).toEqual(new Set([0.25, 1]));
  });

  it('hands NaN through clipping, so that a diverged training shows', () => {
    const x = tf.tensor1d([Number.NaN, -3, 1, 9]);
    expect(Array.from(tf.clipByValue(x, -2, 2).dataSync())).toEqual([Number.NaN, -2, 1, 2]);
    expect(Array.from(tf.relu6(x).dataSync())).toEqual([Number.NaN, 0, 1, 6]);
    const [bound] = tf.clipByValue(tf.tensor1d([7], 'int32'), 0, 3).dataSync();
    expect(bound).toBe(3);
  });

  it('makes truth values of any number, and keeps integers when it takes steps', () => {
    const x = tf.tensor1d([-1.5, 0, 256, 0.25]);
    expect(Array.from(tf.cast(x, 'bool').dataSync())).toEqual([1, 0, 1, 1]);
    expect(Array.from(tf.cast(tf.tensor1d([0, -7, 512], 'int32'), 'bool').dataSync())).toEqual([0, 1, 1]);
    const backwards = tf.stridedSlice(tf.tensor1d([1, 2, 3, 4, 5], 'int32'), [4], [0], [-2]);
    expect(backwards.dtype).toBe('int32');
    expect(Array.from(backwards.dataSync())).toEqual([5, 3]);
  });

  it('adds and multiplies up along axes counted from the end', () => {
    const x = tf.tensor2d([1, 2, 3, 4], [2, 2]);
    expect(Array.from(tf.cumsum(x, -2).dataSync())).toEqual([1, 2, 4, 6]);
    expect(Array.from(tf.cumprod(x, -1).dataSync())).toEqual([1, 2, 3, 12]);
  });

  it('reduces nothing as TensorFlow does', () => {
    tf.dispose(tf.fill([1000], 7)); // memory that is not zero
    const nothing = tf.zeros([0, 2]);
    const reduced = [tf.max(nothing, 0), tf.min(nothing, 0), tf.prod(nothing, 0)].map((x) => Array.from(x.dataSync()));
    expect(reduced).toEqual([
      [-Infinity, -Infinity],
      [Infinity, Infinity],
      [1, 1],
    ]);
    const flags = tf.zeros([0], 'bool');
    expect([tf.all(flags).dataSync()[0], tf.any(flags).dataSync()[0]]).toEqual([1, 0]);
  });

  it('sums segments, leaving out ids outside the range', () => {
    const x = tf.tensor2d([1, 2, 3, 4, 5, 6, 7, 8], [4, 2]);
    const sums = tf.unsortedSegmentSum(x, tf.tensor1d([2, 0, 2, 0], 'int32'), 4);
    expect(sums.arraySync()).toEqual([
      [10, 12],
      [0, 0],
      [6, 8],
      [0, 0],
    ]);
    const outside = tf.unsortedSegmentSum(x, tf.tensor1d([5, 0, -1, 4], 'int32'), 4);
    expect(Array.from(outside.dataSync())).toEqual([3, 4, 0, 0, 0, 0, 0, 0]);
  });

  it('sums nothing to zero, and has no mean of it', () => {
    const nothing = tf.zeros([0, 3]);
    tf.dispose(tf.fill([1000], 7)); // memory that is not zero
    expect(tf.sum(nothing).dataSync()[0]).toBe(0);
    expect(tf.sum(nothing, 0, true).shape).toEqual([1, 3]);
    expect(Array.from(tf.sum(nothing, 0).dataSync())).toEqual([0, 0, 0]);
    expect(tf.mean(nothing).dataSync()[0]).toBeNaN();
  });

  it('sums int32 segments as int32', () => {
    const sums = tf.unsortedSegmentSum(tf.tensor1d([1, 2, 3], 'int32'), tf.tensor1d([0, 0, 1], 'int32'), 2);
    expect(sums.dtype).toBe('int32');
    expect(Array.from(sums.dataSync())).toEqual([3, 3]);
  });

  it('gathers with batch dimensions, also past the first axis', () => {
    const x = tf.reshape(tf.range(0, 24), [2, 3, 4]);
    const rows = tf.gather(x, tf.tensor2d([2, 0, 1, 1], [2, 2], 'int32'), 1, 1);
    expect(rows.shape).toEqual([2, 2, 4]);
    expect(Array.from(rows.dataSync())).toEqual([8, 9, 10, 11, 0, 1, 2, 3, 16, 17, 18, 19, 16, 17, 18, 19]);
    const columns = tf.gather(x, tf.tensor2d([3, 0, 1, 1], [2, 2], 'int32'), 2, 1);
    expect(columns.arraySync()).toEqual([
      [
        [3, 0],
        [7, 4],
        [11, 8],
      ],
      [
        [13, 13],
        [17, 17],
        [21, 21],
      ],
    ]);
  });

  it('multiplies int32 matrices exactly', () => {
    const a = tf.tensor2d([1, 2, 3, 4], [2, 2], 'int32');
    const product = tf.matMul(a, a, true);
    expect(product.dtype).toBe('int32');
    expect(Array.from(product.dataSync())).toEqual([10, 14, 14, 20]);
  });

  it('computes einsum with batches, sums and reordering', () => {
    const a = tf.tensor3d([1, 2, 3, 4, 5, 6, 7, 8], [2, 2, 2]);
    const b = tf.tensor2d([1, -1, 2, 0.5], [2, 2]);
    expectClose(Array.from(tf.einsum('bij,jk->kbi', a, b).dataSync()), [5, 11, 17, 23, 0, -1, -2, -3], 1e-6);
    expect(Array.from(tf.einsum('bij->j', a).dataSync())).toEqual([16, 20]);
  });

  it('opens twice without replacing its kernels', async () => {
    const before = tf.getKernel('BatchMatMul', 'wasm').kernelFunc;
    await openWasm();
    expect(tf.getKernel('BatchMatMul', 'wasm').kernelFunc).toBe(before);
  });

  it('agrees with plain JavaScript on a wide strided convolution', async () => {
    const x = tf.randomUniform([2, 9, 7, 70], -1, 1, 'float32', 3) as tf.Tensor4D;
    const filter = tf.randomUniform([3, 3, 70, 5], -1, 1, 'float32', 4) as tf.Tensor4D;
    const gradients = (): number[][] => {
      const loss = (input: tf.Tensor, weights: tf.Tensor): tf.Scalar =>
        tf.sum(tf.square(tf.conv2d(input as tf.Tensor4D, weights as tf.Tensor4D, 2, 'same')));
      return tf
        .grads(loss)([x, filter])
        .map((gradient) => Array.from(gradient.dataSync()));
    };
    const fast = gradients();
    await tf.setBackend('cpu');
    try {
      gradients().forEach((slow, i) => {
        expectClose(fast[i] as number[], slow, 1e-4);
      });
    } finally {
      await tf.setBackend('wasm');
    }
  });
});
