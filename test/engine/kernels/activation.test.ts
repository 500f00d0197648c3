import * as tf from '@tensorflow/tfjs';
import { describe, it } from 'vitest';
import { compile } from '../../../engine/compile.js';
import { gate, gelu, hardSigmoid, hardSwish, relu6, squeeze, swish } from '../../../engine/kernels/index.js';
import { expectClose, randomValues, runKernelCases } from '../../conformance/kernel.js';

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

runKernelCases('swish', [
  {
    name: 'a map of odd size',
    inputs: { x: { shape: [2, 3, 5, 3] } },
    run: ({ x }) => swish(x as tf.Tensor),
    expected: ({ x }) => [(x as number[]).map((value) => value * sigmoid(value))],
    differentiable: ['x'],
  },
  {
    name: 'large magnitudes do not overflow',
    inputs: { x: { shape: [4], values: [-100, -30, 30, 100] } },
    run: ({ x }) => swish(x as tf.Tensor),
    expected: () => [[0, 0, 30, 100]],
    differentiable: ['x'],
  },
  {
    name: 'an empty tensor',
    inputs: { x: { shape: [0, 4] } },
    run: ({ x }) => swish(x as tf.Tensor),
    expected: () => [[]],
    differentiable: [],
  },
]);

runKernelCases('hardSwish', [
  {
    name: 'all three pieces',
    inputs: { x: { shape: [7], values: [-5, -2.5, -1, 0, 1, 2.5, 5] } },
    run: ({ x }) => hardSwish(x as tf.Tensor),
    expected: ({ x }) => [(x as number[]).map((value) => (value * Math.min(Math.max(value + 3, 0), 6)) / 6)],
    differentiable: ['x'],
  },
]);

runKernelCases('relu6', [
  {
    name: 'below, inside and above',
    inputs: { x: { shape: [6], values: [-3, -0.5, 0.5, 3, 5.5, 8] } },
    run: ({ x }) => relu6(x as tf.Tensor),
    expected: ({ x }) => [(x as number[]).map((value) => Math.min(Math.max(value, 0), 6))],
    differentiable: ['x'],
  },
]);

runKernelCases('gate', [
  {
    name: 'two images of 3 x 2 pixels',
    inputs: { x: { shape: [2, 3, 2, 5] }, g: { shape: [2, 1, 1, 5] } },
    run: ({ x, g }) => gate(x as tf.Tensor4D, g as tf.Tensor4D),
    expected: ({ x, g }) => [
      (x as number[]).map((value, i) => value * sigmoid(g?.[Math.floor(i / 30) * 5 + (i % 5)] as number)),
    ],
    differentiable: ['x', 'g'],
  },
]);

runKernelCases('squeeze', [
  {
    name: 'the mean of each plane, and the map to be weighed with it',
    inputs: { x: { shape: [2, 3, 2, 5] } },
    run: ({ x }) => {
      const { mean, x: map } = squeeze(x as tf.Tensor4D);
      return [tf.mul(map, mean), mean];
    },
    expected: ({ x = [] }) => {
      const means = Array.from({ length: 10 }, (_, i) => {
        const plane = Array.from({ length: 6 }, (__, cell) => x[Math.floor(i / 5) * 30 + cell * 5 + (i % 5)] as number);
        return plane.reduce((a, b) => a + b) / 6;
      });
      return [x.map((value, i) => value * (means[Math.floor(i / 30) * 5 + (i % 5)] as number)), means];
    },
    differentiable: ['x'],
  },
]);

runKernelCases('hardSigmoid', [
  {
    name: 'all three pieces',
    inputs: { x: { shape: [7], values: [-5, -2.5, -1, 0, 1, 2.5, 5] } },
    run: ({ x }) => hardSigmoid(x as tf.Tensor),
    expected: () => [[0, 0.5 / 6, 2 / 6, 0.5, 4 / 6, 5.5 / 6, 1]],
    differentiable: ['x'],
  },
]);

runKernelCases('gelu', [
  {
    name: 'values of the normal distribution table',
    inputs: { x: { shape: [7], values: [-8, -2, -1, 0, 0.5, 1, 3] } },
    run: ({ x }) => gelu(x as tf.Tensor),
    expected: () => [[0, -0.0455003, -0.1586553, 0, 0.3457312, 0.8413447, 2.9959503]],
    differentiable: ['x'],
  },
  {
    name: 'a map',
    inputs: { x: { shape: [2, 3, 3] } },
    run: ({ x }) => gelu(x as tf.Tensor),
    differentiable: ['x'],
  },
]);

describe('activations inside a compiled function', () => {
  for (const [name, activation] of Object.entries({ swish, hardSwish, hardSigmoid, gelu, relu6 })) {
    it(`${name}: value and gradient are those of the plain call`, () => {
      const x = tf.tensor(randomValues([3, 5, 7], 1), [3, 5, 7]);
      const both = (input: tf.Tensor): tf.Tensor[] => [
        activation(input),
        tf.grad((y: tf.Tensor) => tf.square(activation(y)))(input),
      ];
      const compiled = compile(both);
      const plain = both(x);
      compiled(x).forEach((tensor, i) => {
        expectClose(Array.from(tensor.dataSync()), Array.from((plain[i] as tf.Tensor).dataSync()), 2e-6);
      });
      compiled.dispose();
    });
  }
});
