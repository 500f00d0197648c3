import * as tf from '@tensorflow/tfjs-core';
import { ShapeError } from '../errors.js';
import { dilatedConv2d } from './dilatedConv2d.js';
import { dilatedDepthwise } from './dilatedDepthwise.js';
import { type Padding, padExplicitly, type Size } from './padding.js';

export interface ConvolutionLayout {
  /** Steps along height and width, pixels; [1, 1] when dilated. */
  readonly stride: Size;
  readonly padding: Padding;
  /** Dilation: pixels between taps along height and width. Defaults to [1, 1]. */
  readonly dilation?: Size;
}

/**
 * Convolution with TensorFlow's or explicit padding and dilation, differentiable on every engine.
 *
 * @param x      [N, H, W, inC] float32
 * @param filter [height, width, inC, outC] float32
 * @returns      [N, outH, outW, outC] float32
 * @throws ShapeError when both a stride and a dilation exceed 1
 */
export function conv2d(x: tf.Tensor4D, filter: tf.Tensor4D, layout: ConvolutionLayout): tf.Tensor4D {
  const { stride, dilation } = layout;
  const dilated = dilatedInput(x, filter, layout);
  if (dilated && dilation) return dilatedConv2d(dilated, filter, [dilation[0], dilation[1]]);
  const [padded, rest] = padExplicitly(x, layout.padding, 0);
  return tf.conv2d(padded, filter, [stride[0], stride[1]], rest);
}

/**
 * Depthwise convolution, filters of its own for each channel, with TensorFlow's or explicit padding and dilation.
 *
 * @param x      [N, H, W, C] float32
 * @param filter [height, width, C, maps] float32
 * @returns      [N, outH, outW, C * maps] float32, the maps of a channel next to each other
 * @throws ShapeError when both a stride and a dilation exceed 1, or a dilated filter gives several maps per channel
 */
export function depthwiseConv2d(x: tf.Tensor4D, filter: tf.Tensor4D, layout: ConvolutionLayout): tf.Tensor4D {
  const { stride, dilation } = layout;
  const dilated = dilatedInput(x, filter, layout);
  if (dilated && filter.shape[3] !== 1) {
    throw new ShapeError(
      `dilated depthwise filter [${filter.shape}] gives ${filter.shape[3]} maps per channel: one is supported`,
    );
  }
  if (dilated && dilation) return dilatedDepthwise(dilated, filter, [dilation[0], dilation[1]]);
  const [padded, rest] = padExplicitly(x, layout.padding, 0);
  return tf.depthwiseConv2d(padded, filter, [stride[0], stride[1]], rest);
}

/** The input padded for a valid dilated convolution, or nothing when it is not dilated. */
function dilatedInput(x: tf.Tensor4D, filter: tf.Tensor4D, layout: ConvolutionLayout): tf.Tensor4D | undefined {
  const { stride, padding, dilation = [1, 1] } = layout;
  if (dilation[0] === 1 && dilation[1] === 1) return undefined;
  if (stride[0] !== 1 || stride[1] !== 1) {
    throw new ShapeError(`a convolution has stride [${stride}] and dilation [${dilation}]: one of them must be [1, 1]`);
  }
  const rows = (filter.shape[0] - 1) * dilation[0];
  const columns = (filter.shape[1] - 1) * dilation[1];
  const [top, left] = [Math.floor(rows / 2), Math.floor(columns / 2)];
  const pixels: Padding = padding === 'same' ? [top, rows - top, left, columns - left] : padding;
  const padded = padExplicitly(x, pixels, 0)[0];
  if (padded.shape[1] <= rows || padded.shape[2] <= columns) {
    throw new ShapeError(
      `a filter of [${filter.shape[0]}, ${filter.shape[1]}] with dilation [${dilation}] does not fit a padded map of [${padded.shape[1]}, ${padded.shape[2]}]: pad more or dilate less`,
    );
  }
  return padded;
}
