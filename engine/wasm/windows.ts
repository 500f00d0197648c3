import * as tf from '@tensorflow/tfjs';
import { fourAxes } from '../windows.js';

/** Where the windows of a convolution or pooling lie on its input. */
export interface Windows {
  readonly batch: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly channels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly height: number;
  readonly width: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly dilationHeight: number;
  readonly dilationWidth: number;
  readonly top: number;
  readonly left: number;
}

/** Attributes as the convolution and pooling kernels of tfjs receive them. */
export interface WindowAttributes {
  readonly strides: number | [number, number];
  readonly pad: 'valid' | 'same' | number | tf.backend_util.ExplicitPadding;
  readonly dilations?: number | [number, number];
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/** Windows of a convolution; `filterShape` is [height, width, inChannels, outChannels or multiplier]. */
export function convolutionWindows(
  inputShape: readonly number[],
  filterShape: readonly number[],
  attributes: WindowAttributes,
  depthwise: boolean,
): Windows {
  const { strides, dilations = 1, pad, dimRoundingMode } = attributes;
  const info = tf.backend_util.computeConv2DInfo(
    fourAxes(inputShape),
    fourAxes(filterShape),
    strides,
    dilations,
    pad,
    dimRoundingMode,
    depthwise,
  );
  return windows(info);
}

/** Windows of a pooling. */
export function poolingWindows(
  inputShape: readonly number[],
  filterSize: number | [number, number],
  attributes: WindowAttributes,
): Windows {
  const { strides, pad, dimRoundingMode } = attributes;
  const shape = fourAxes(inputShape);
  return windows(tf.backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode));
}

function windows(info: tf.backend_util.Conv2DInfo): Windows {
  return {
    batch: info.batchSize,
    inHeight: info.inHeight,
    inWidth: info.inWidth,
    channels: info.inChannels,
    outHeight: info.outHeight,
    outWidth: info.outWidth,
    height: info.filterHeight,
    width: info.filterWidth,
    strideHeight: info.strideHeight,
    strideWidth: info.strideWidth,
    dilationHeight: info.dilationHeight,
    dilationWidth: info.dilationWidth,
    top: info.padInfo.top,
    left: info.padInfo.left,
  };
}

/**
 * The outputs along one axis whose window position `tap` falls inside the input: [first, end).
 *
 * @param offset input index read by output 0 (negative inside the padding)
 */
export function insideRange(offset: number, stride: number, size: number, outSize: number): [number, number] {
  const first = offset < 0 ? Math.ceil(-offset / stride) : 0;
  const end = Math.min(outSize, Math.ceil((size - offset) / stride));
  return [first, Math.max(first, end)];
}
