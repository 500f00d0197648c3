import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  avgPool,
  batchNormInference,
  batchNormTrain,
  channelSum,
  conv2d,
  depthwiseConv2d,
  resizeNearest,
} from '../../../engine/kernels/index.js';
import { defineKernel, registerTwin, tensorKernel } from '../../../engine/kernels/kernel.js';
import { runKernelCases } from '../../conformance/kernel.js';

const engine = tf.getBackend();

/** The cpu backend has no twins, so these run the portable versions that twins are compared with. */
describe('portable versions', () => {
  beforeAll(async () => {
    await tf.setBackend('cpu');
  });
  afterAll(async () => {
    await tf.setBackend(engine);
  });

  runKernelCases('on a backend without twins', [
    {
      name: 'dilated convolution',
      inputs: { x: { shape: [2, 5, 6, 2] }, filter: { shape: [3, 2, 2, 3] } },
      run: ({ x, filter }) =>
        conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, { stride: [1, 1], padding: 'same', dilation: [2, 3] }),
      differentiable: ['x', 'filter'],
    },
    {
      name: 'dilated depthwise convolution',
      inputs: { x: { shape: [2, 5, 6, 2] }, filter: { shape: [3, 2, 2, 1] } },
      run: ({ x, filter }) =>
        depthwiseConv2d(x as tf.Tensor4D, filter as tf.Tensor4D, { stride: [1, 1], padding: 'same', dilation: [2, 3] }),
      differentiable: ['x', 'filter'],
    },
    {
      name: 'sum over channels',
      inputs: { x: { shape: [2, 3, 2] } },
      run: ({ x }) => channelSum(x as tf.Tensor),
      expected: ({ x = [] }) => [[0, 1].map((c) => x.reduce((sum, value, i) => sum + (i % 2 === c ? value : 0), 0))],
      differentiable: ['x'],
    },
    {
      name: 'batch norm, training',
      inputs: { x: { shape: [2, 3, 2, 2] }, scale: { shape: [2] }, shift: { shape: [2] } },
      run: ({ x, scale, shift }) =>
        batchNormTrain(x as tf.Tensor4D, scale as tf.Tensor1D, shift as tf.Tensor1D, 1e-3).y,
      differentiable: ['x', 'scale', 'shift'],
    },
    {
      name: 'batch norm, inference',
      inputs: { x: { shape: [2, 3, 2, 2] }, scale: { shape: [2] }, shift: { shape: [2] } },
      run: ({ x, scale, shift }) => {
        const mean = tf.tensor1d([0.5, -1]);
        const variance = tf.tensor1d([0.5, 2]);
        return batchNormInference(x as tf.Tensor4D, mean, variance, scale as tf.Tensor1D, shift as tf.Tensor1D, 1e-3);
      },
      differentiable: ['x', 'scale', 'shift'],
    },
    {
      name: 'average pooling at the border',
      inputs: { x: { shape: [1, 5, 4, 2] } },
      run: ({ x }) => avgPool(x as tf.Tensor4D, [3, 2], [2, 1], 'same'),
      differentiable: ['x'],
    },
    {
      name: 'nearest resize',
      inputs: { x: { shape: [1, 3, 2, 2] } },
      run: ({ x }) => resizeNearest(x as tf.Tensor4D, 7, 4),
      differentiable: ['x'],
    },
  ]);
});

describe('defineKernel', () => {
  it('runs the twin of the current backend, and its gradient through the same definition', () => {
    const double = defineKernel<{ x: tf.Tensor }, { by: number }, tf.Tensor>({
      name: 'EspalierTestScale',
      portable: ({ x }, { by }) => tf.mul(x, by),
      differentiation: { savedInputs: [], gradient: ([dy], _, __, { by }) => ({ x: tf.mul(dy, by) }) },
    });
    expect(double({ x: tf.scalar(3) }, { by: 2 }).dataSync()[0]).toBe(6);
    registerTwin(
      'EspalierTestScale',
      engine,
      tensorKernel<{ x: tf.Tensor }, { by: number }>(({ x }, { by }) => tf.add(tf.mul(x, by), 1)),
    );
    expect(double({ x: tf.scalar(3) }, { by: 2 }).dataSync()[0]).toBe(7);
    const gradient = tf.grad((x) => double({ x }, { by: 5 }));
    expect(gradient(tf.scalar(3)).dataSync()[0]).toBe(5);
  });

  it('hands an input through as a tensor of its own', () => {
    const same = defineKernel<{ x: tf.Tensor }, Record<string, never>, tf.Tensor>({
      name: 'EspalierTestSame',
      portable: ({ x }) => x,
    });
    const x = tf.scalar(3);
    same({ x }, {}).dispose();
    expect(x.dataSync()[0]).toBe(3);
  });
});
