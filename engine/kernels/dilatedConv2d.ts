import * as tf from '@tensorflow/tfjs-core';
import { defineKernel } from './kernel.js';
import { tapSlices } from './taps.js';

type Dilation = { dilation: readonly [number, number] };

/** Gradient of the map of a valid dilated convolution. */
export const dilatedConv2dInputGrad = defineKernel<{ dy: tf.Tensor; filter: tf.Tensor }, Dilation, tf.Tensor>({
  name: 'EspalierDilatedConv2DInputGrad',
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
    const flipped = tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2]) as tf.Tensor4D;
    return tf.conv2d(grid, flipped, 1, 'valid', 'NHWC', [vertical, horizontal]);
  },
});

/** Gradient of the filter of a valid dilated convolution. */
export const dilatedConv2dFilterGrad = defineKernel<
  { x: tf.Tensor; dy: tf.Tensor },
  Dilation & { filterShape: readonly number[] },
  tf.Tensor
>({
  name: 'EspalierDilatedConv2DFilterGrad',
  portable: ({ x, dy }, { dilation, filterShape }) => {
    const [height = 1, width = 1, inChannels = 0, outChannels = 0] = filterShape;
    const flat = tf.reshape(dy, [-1, outChannels]);
    const taps = tapSlices(x, [height, width], dilation).map((tap) =>
      tf.matMul(tf.reshape(tap, [-1, inChannels]), flat, true, false),
    );
    return tf.reshape(tf.concat(taps, 0), [...filterShape]);
  },
});

const forward = defineKernel<{ x: tf.Tensor4D; filter: tf.Tensor4D }, Dilation, tf.Tensor>({
  name: 'EspalierDilatedConv2D',
  portable: ({ x, filter }, { dilation }) => tf.conv2d(x, filter, 1, 'valid', 'NHWC', [...dilation]),
  differentiation: {
    savedInputs: ['x', 'filter'],
    gradient: ([dy], { x, filter }, _, { dilation }) => {
      return {
        x: () => dilatedConv2dInputGrad({ dy, filter }, { dilation }),
        filter: () => dilatedConv2dFilterGrad({ x, dy }, { dilation, filterShape: filter.shape }),
      };
    },
  },
});

/** Valid convolution of stride 1 whose taps lie `dilation` pixels apart; see conv2d. */
export function dilatedConv2d(x: tf.Tensor4D, filter: tf.Tensor4D, dilation: readonly [number, number]): tf.Tensor4D {
  return forward({ x, filter }, { dilation });
}
