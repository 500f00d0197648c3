import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { compile } from '../../../engine/compile.js';
import { conv2d, depthwiseConv2d, groupConv2d, type Padding, type Size } from '../../../engine/kernels/index.js';
import { expectClose, type KernelCase, runKernelCases } from '../../conformance/kernel.js';

interface Layout {
  readonly name: string;
  readonly size: Size;
  readonly window: Size;
  readonly stride: Size;
  readonly dilation: Size;
  readonly padding: Padding;
}

const LAYOUTS: readonly Layout[] = [
  { name: 'same', size: [5, 4], window: [3, 3], stride: [1, 1], dilation: [1, 1], padding: 'same' },
  { name: 'same, stride 2, odd size', size: [5, 7], window: [3, 3], stride: [2, 2], dilation: [1, 1], padding: 'same' },
  {
    name: 'same, stride 2, even size',
    size: [6, 4],
    window: [5, 5],
    stride: [2, 2],
    dilation: [1, 1],
    padding: 'same',
  },
  { name: 'unequal strides', size: [7, 5], window: [2, 3], stride: [3, 1], dilation: [1, 1], padding: 'valid' },
  {
    name: 'stride wider than the window',
    size: [7, 8],
    window: [1, 1],
    stride: [2, 3],
    dilation: [1, 1],
    padding: 'valid',
  },
  { name: 'explicit padding', size: [4, 6], window: [3, 3], stride: [2, 2], dilation: [1, 1], padding: [1, 1, 1, 1] },
  { name: 'unequal padding', size: [4, 5], window: [3, 2], stride: [1, 2], dilation: [1, 1], padding: [0, 2, 1, 0] },
  { name: 'dilated, same', size: [6, 7], window: [3, 3], stride: [1, 1], dilation: [2, 2], padding: 'same' },
  { name: 'dilated, unequal', size: [7, 5], window: [2, 3], stride: [1, 1], dilation: [3, 1], padding: 'valid' },
  { name: 'dilated, padded', size: [5, 4], window: [3, 3], stride: [1, 1], dilation: [2, 3], padding: [2, 1, 3, 3] },
];

/** [pixels before, output length] along one axis. */
function extent({ size, window, stride, dilation, padding }: Layout, axis: 0 | 1): [number, number] {
  const reach = (window[axis] - 1) * dilation[axis] + 1;
  if (padding === 'valid') return [0, Math.floor((size[axis] - reach) / stride[axis]) + 1];
  if (padding === 'same') {
    const out = Math.ceil(size[axis] / stride[axis]);
    return [Math.floor(Math.max(0, (out - 1) * stride[axis] + reach - size[axis]) / 2), out];
  }
  const [before, after] = axis === 0 ? [padding[0], padding[1]] : [padding[2], padding[3]];
  return [before, Math.floor((size[axis] + before + after - reach) / stride[axis]) + 1];
}

const BATCH = 2;
const IN = 2;

/** Plain loops. `weight(tap, input channel, output channel)` is zero where the two are not connected. */
function loops(
  x: readonly number[],
  layout: Layout,
  outChannels: number,
  weight: (tap: number, from: number, to: number) => number,
): number[] {
  const { size, window, stride, dilation } = layout;
  const [[top, outHeight], [left, outWidth]] = [extent(layout, 0), extent(layout, 1)];
  const out: number[] = [];
  for (let index = 0; index < BATCH * outHeight * outWidth * outChannels; index++) {
    const to = index % outChannels;
    const column = Math.floor(index / outChannels) % outWidth;
    const row = Math.floor(index / outChannels / outWidth) % outHeight;
    const image = Math.floor(index / outChannels / outWidth / outHeight);
    let sum = 0;
    for (let tap = 0; tap < window[0] * window[1]; tap++) {
      const y = row * stride[0] - top + Math.floor(tap / window[1]) * dilation[0];
      const xx = column * stride[1] - left + (tap % window[1]) * dilation[1];
      if (y < 0 || y >= size[0] || xx < 0 || xx >= size[1]) continue;
      for (let from = 0; from < IN; from++) {
        sum += (x[((image * size[0] + y) * size[1] + xx) * IN + from] as number) * weight(tap, from, to);
      }
    }
    out.push(sum);
  }
  return out;
}

const dense = LAYOUTS.map(
  (layout): KernelCase => ({
    name: layout.name,
    inputs: { x: { shape: [BATCH, ...layout.size, IN] }, filter: { shape: [...layout.window, IN, 3] } },
    run: ({ x, filter }) => conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, layout),
    expected: ({ x = [], filter }) => [
      loops(x, layout, 3, (tap, from, to) => filter?.[(tap * IN + from) * 3 + to] as number),
    ],
    differentiable: ['x', 'filter'],
  }),
);
const depthwise = LAYOUTS.filter(({ stride }) => stride[0] === stride[1]).map(
  (layout): KernelCase => ({
    name: layout.name,
    inputs: { x: { shape: [BATCH, ...layout.size, IN] }, filter: { shape: [...layout.window, IN, 1] } },
    run: ({ x, filter }) => depthwiseConv2d(x as tf.Tensor4D, filter as tf.Tensor4D, layout),
    expected: ({ x = [], filter }) => [
      loops(x, layout, IN, (tap, from, to) => (from === to ? (filter?.[tap * IN + from] as number) : 0)),
    ],
    differentiable: ['x', 'filter'],
  }),
);

/** Two groups of one input and two output channels. */
const inGroups = LAYOUTS.map(
  (layout): KernelCase => ({
    name: `${layout.name}`,
    inputs: { x: { shape: [BATCH, ...layout.size, IN] }, filter: { shape: [...layout.window, 1, 4] } },
    run: ({ x, filter }) => groupConv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 2, layout),
    expected: ({ x = [], filter }) => [
      loops(x, layout, 4, (tap, from, to) => (Math.floor(to / 2) === from ? (filter?.[tap * 4 + to] as number) : 0)),
    ],
    differentiable: ['x', 'filter'],
  }),
);

runKernelCases('conv2d', dense);
runKernelCases('groupConv2d', inGroups);
runKernelCases('depthwiseConv2d with two maps per channel', [
  {
    name: 'unequal padding, stride 2',
    inputs: { x: { shape: [BATCH, 5, 6, IN] }, filter: { shape: [3, 3, IN, 2] } },
    run: ({ x, filter }) =>
      depthwiseConv2d(x as tf.Tensor4D, filter as tf.Tensor4D, { stride: [2, 2], padding: [0, 1, 2, 1] }),
    expected: ({ x = [], filter }) => {
      const layout: Layout = {
        name: '',
        size: [5, 6],
        window: [3, 3],
        stride: [2, 2],
        dilation: [1, 1],
        padding: [0, 1, 2, 1],
      };
      return [loops(x, layout, 4, (tap, from, to) => (to >> 1 === from ? (filter?.[tap * 4 + to] as number) : 0))];
    },
    differentiable: ['x', 'filter'],
  },
]);
runKernelCases('depthwiseConv2d', depthwise);

describe('conv2d', () => {
  const x = tf.zeros([1, 4, 4, 1]) as tf.Tensor4D;
  const filter = tf.zeros([3, 3, 1, 1]) as tf.Tensor4D;

  it('refuses a stride and a dilation together', () => {
    expect(() => conv2d(x, filter, { stride: [2, 2], padding: 'same', dilation: [2, 2] })).toThrow('one of them');
  });

  it('refuses several maps per channel where it is dilated', () => {
    const layout = { stride: [1, 1], padding: 'same', dilation: [2, 2] } as const;
    expect(() => depthwiseConv2d(tf.zeros([1, 6, 6, 2]), tf.zeros([3, 3, 2, 2]), layout)).toThrow('2 maps per channel');
  });

  it('refuses groups that do not fit the channels', () => {
    const layout = { stride: [1, 1], padding: 'same' } as const;
    expect(() => groupConv2d(tf.zeros([1, 4, 4, 4]), tf.zeros([3, 3, 2, 3]), 2, layout)).toThrow('2 groups');
    expect(() => groupConv2d(tf.zeros([1, 4, 4, 4]), tf.zeros([3, 3, 2, 2]), 1, layout)).toThrow('4 channels');
  });

  it('computes groups inside a compiled function', () => {
    const x = tf.randomUniform([2, 5, 5, 8], -1, 1, 'float32', 5) as tf.Tensor4D;
    const filter = tf.randomUniform([3, 3, 2, 8], -1, 1, 'float32', 6) as tf.Tensor4D;
    const loss = (a: tf.Tensor, b: tf.Tensor): tf.Scalar =>
      tf.sum(tf.square(groupConv2d(a as tf.Tensor4D, b as tf.Tensor4D, 4, { stride: [2, 2], padding: 'same' })));
    const gradients = (a: tf.Tensor, b: tf.Tensor): tf.Tensor[] => tf.grads(loss)([a, b]);
    const compiled = compile(gradients);
    const plain = gradients(x, filter);
    compiled(x, filter).forEach((gradient, i) => {
      expectClose(Array.from(gradient.dataSync()), Array.from((plain[i] as tf.Tensor).dataSync()), 1e-5);
    });
    compiled.dispose();
  });

  it('refuses a dilated filter larger than the map', () => {
    expect(() => conv2d(x, filter, { stride: [1, 1], padding: 'valid', dilation: [2, 2] })).toThrow('does not fit');
  });
});
