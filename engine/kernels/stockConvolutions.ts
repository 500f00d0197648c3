import * as tf from '@tensorflow/tfjs-core';
import { fourAxes } from '../windows.js';
import { dilatedConv2dFilterGrad, dilatedConv2dInputGrad } from './dilatedConv2d.js';
import { dilatedDepthwiseFilterGrad, dilatedDepthwiseInputGrad } from './dilatedDepthwise.js';

/** Gradients of tfjs's convolutions with dilation, which it refuses; nothing for the calls it can differentiate. */
export const dilatedGradients =
  (depthwise: boolean) =>
  ([dy]: readonly tf.Tensor[], [x, filter]: readonly tf.Tensor[], attributes: tf.NamedAttrMap) => {
    const { strides, pad, dilations, dataFormat, dimRoundingMode } = attributes as unknown as tf.Conv2DAttrs;
    const dilation: [number, number] = typeof dilations === 'number' ? [dilations, dilations] : (dilations ?? [1, 1]);
    const several = depthwise && filter?.shape[3] !== 1;
    if (!dy || !x || !filter || several || dilation.every((pixels) => pixels === 1) || dataFormat === 'NCHW') {
      return undefined;
    }
    const { padInfo } = tf.backend_util.computeConv2DInfo(
      fourAxes(x.shape),
      fourAxes(filter.shape),
      strides,
      dilation,
      pad,
      dimRoundingMode,
      depthwise,
    );
    const { top, bottom, left, right } = padInfo;
    const border: [number, number][] = [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ];
    const [inputGrad, filterGrad] = depthwise
      ? [dilatedDepthwiseInputGrad, dilatedDepthwiseFilterGrad]
      : [dilatedConv2dInputGrad, dilatedConv2dFilterGrad];
    return {
      x: () => tf.slice(inputGrad({ dy, filter }, { dilation }), [0, top, left, 0], x.shape),
      filter: () => filterGrad({ x: tf.pad(x, border), dy }, { dilation, filterShape: filter.shape }),
    };
  };
