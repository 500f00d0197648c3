import * as tf from '@tensorflow/tfjs-core';
import { channelSum } from './channelSum.js';
import { defineKernel } from './kernel.js';
import { tapSlices } from './taps.js';

type Dilation = { dilation: readonly [number, number] };

/** Gradient of the map of a valid dilated depthwise convolution. */
export const dilatedDepthwiseInputGrad = defineKernel<{ dy: tf.Tensor; filter: tf.Tensor }, Dilation, tf.Tensor>({
  name: 'EspalierDilatedDepthwiseInputGrad',
  portable: ({ dy, filter }, { dilation }) => {
    const [vertical = 1, horizontal = 1] = dilation;
    const [height = 1, width = 1] = filter.shape;
    const [rows, columns] = [(height - 1) * vertical, (width - 1) * horizontal];
    const grid = tf.pad(dy as tf.Tensor4D, [
      [0, 0],
      [rows, rows],
      [columns, columns],
      [0, 0],
    ]);
    return correlate(grid, tf.reverse(filter, [0, 1]), dilation);
  },
});

/** Gradient of the filter of a valid dilated depthwise convolution. */
export const dilatedDepthwiseFilterGrad = defineKernel<
  { x: tf.Tensor; dy: tf.Tensor },
  Dilation & { filterShape: readonly number[] },
  tf.Tensor
>({
  name: 'EspalierDilatedDepthwiseFilterGrad',
  portable: ({ x, dy }, { dilation, filterShape }) => {
    const [height = 1, width = 1] = filterShape;
    const sums = tapSlices(x, [height, width], dilation).map((tap) => channelSum(tf.mul(tap, dy)));
    return tf.reshape(tf.concat(sums, 0), [...filterShape]);
  },
});

const forward = defineKernel<{ x: tf.Tensor; filter: tf.Tensor }, Dilation, tf.Tensor>({
  name: 'EspalierDilatedDepthwise',
  portable: ({ x, filter }, { dilation }) => correlate(x, filter, dilation),
  differentiation: {
    savedInputs: ['x', 'filter'],
    gradient: ([dy], { x, filter }, _, { dilation }) => {
      return {
        x: () => dilatedDepthwiseInputGrad({ dy, filter }, { dilation }),
        filter: () => dilatedDepthwiseFilterGrad({ x, dy }, { dilation, filterShape: filter.shape }),
      };
    },
  },
});

/** Valid depthwise convolution of stride 1 whose taps lie `dilation` pixels apart; see depthwiseConv2d. */
export function dilatedDepthwise(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  dilation: readonly [number, number],
): tf.Tensor4D {
  return forward({ x, filter }, { dilation });
}

/** Sum over the taps, one multiplication each: not every backend has a dilated depthwise convolution. */
function correlate(x: tf.Tensor, filter: tf.Tensor, dilation: readonly number[]): tf.Tensor {
  const [height = 1, width = 1, channels = 0] = filter.shape;
  const weights = tf.reshape(filter, [height * width, channels]);
  return tapSlices(x, [height, width], dilation)
    .map((tap, i) => tf.mul(tap, tf.slice(weights, [i, 0], [1, channels])))
    .reduce((sum, term) => tf.add(sum, term));
}
