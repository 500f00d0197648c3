import * as tf from '@tensorflow/tfjs-core';
import { valueAt } from '../checked.js';
import { ShapeError } from '../errors.js';
import { type ConvolutionLayout, conv2d } from './conv2d.js';
import { defineKernel } from './kernel.js';
import { padExplicitly, type Size } from './padding.js';

type Layout = { stride: Size; padding: 'same' | 'valid'; groups: number };

const inputGradient = defineKernel<
  { dy: tf.Tensor; filter: tf.Tensor },
  Layout & { inputShape: readonly number[] },
  tf.Tensor
>({
  name: 'EspalierGroupConv2DInputGrad',
  portable: ({ dy, filter }, { inputShape, groups, ...layout }) => {
    const shape = [...inputShape.slice(0, 3), valueAt(inputShape, 3) / groups];
    return byGroup([dy, filter], groups, (part, weights) =>
      backprop('Input', { dy: part, filter: weights }, { ...layout, inputShape: shape }),
    );
  },
});

const filterGradient = defineKernel<
  { x: tf.Tensor; dy: tf.Tensor },
  Layout & { filterShape: readonly number[] },
  tf.Tensor
>({
  name: 'EspalierGroupConv2DFilterGrad',
  portable: ({ x, dy }, { filterShape, groups, ...layout }) => {
    const shape = [...filterShape.slice(0, 3), valueAt(filterShape, 3) / groups];
    return byGroup([x, dy], groups, (input, part) =>
      backprop('Filter', { x: input, dy: part }, { ...layout, filterShape: shape }),
    );
  },
});

const forward = defineKernel<{ x: tf.Tensor4D; filter: tf.Tensor4D }, Layout, tf.Tensor>({
  name: 'EspalierGroupConv2D',
  portable: ({ x, filter }, { stride, padding, groups }) =>
    byGroup([x, filter], groups, (part, weights) => tf.conv2d(part, weights, [...stride], padding)),
  differentiation: {
    savedInputs: ['x', 'filter'],
    gradient: ([dy], { x, filter }, _, layout) => ({
      x: () => inputGradient({ dy, filter }, { ...layout, inputShape: x.shape }),
      filter: () => filterGradient({ x, dy }, { ...layout, filterShape: filter.shape }),
    }),
  },
});

/**
 * Convolution in groups: an output channel sees the input channels of its own group only, as in PyTorch.
 *
 * @param x      [N, H, W, inC] float32
 * @param filter [height, width, inC / groups, outC] float32
 * @returns      [N, outH, outW, outC] float32
 * @throws ShapeError when the channels do not fit the groups, or both a stride and a dilation exceed 1
 * @source Xie et al. 2017, arXiv:1611.05431
 */
export function groupConv2d(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  groups: number,
  layout: ConvolutionLayout,
): tf.Tensor4D {
  const [, , perGroup, outChannels] = filter.shape;
  const whole = Number.isInteger(groups) && groups >= 1 && outChannels % groups === 0;
  if (!whole || perGroup * groups !== x.shape[3]) {
    throw new ShapeError(
      `a filter [${filter.shape}] in ${groups} groups does not fit a map of ${x.shape[3]} channels: its third axis must be channels / groups, its fourth a multiple of the groups`,
    );
  }
  if (groups === 1) return conv2d(x, filter, layout);
  if (layout.dilation?.some((pixels) => pixels > 1)) {
    return byGroup([x, filter], groups, (part, weights) => conv2d(part, weights, layout));
  }
  const [padded, padding] = padExplicitly(x, layout.padding, 0);
  return forward({ x: padded, filter }, { stride: layout.stride, padding, groups });
}

/** Splits the last axis of every tensor, computes each group, and joins the results. */
function byGroup<A extends tf.Tensor, B extends tf.Tensor, Result extends tf.Tensor>(
  [a, b]: readonly [A, B],
  groups: number,
  compute: (a: A, b: B) => Result,
): Result {
  const others = tf.split<B>(b, groups, b.rank - 1);
  return tf.concat(
    tf.split<A>(a, groups, a.rank - 1).map((part, group) => compute(part, valueAt(others, group))),
    -1,
  );
}

function backprop(
  of: 'Input' | 'Filter',
  inputs: tf.NamedTensorMap,
  { stride, padding, ...shape }: { stride: readonly number[]; padding: string; [shape: string]: unknown },
): tf.Tensor {
  const attributes = { strides: [...stride], pad: padding, dataFormat: 'NHWC', ...shape };
  return tf.engine().runKernel(`Conv2DBackprop${of}`, inputs, attributes as unknown as tf.NamedAttrMap);
}
