import * as tf from '@tensorflow/tfjs-core';
import { mapTuple, valueAt } from '../checked.js';
import { defineKernel } from './kernel.js';
import { type Padding, padExplicitly, poolingPadding, type Size } from './padding.js';

type Pooling = { window: Size; stride: Size; padding: 'same' | 'valid' };

const backward = defineKernel<{ dy: tf.Tensor }, Pooling & { inputShape: readonly number[] }, tf.Tensor>({
  name: 'EspalierAvgPoolGrad',
  portable: ({ dy }, { inputShape, window, stride, padding }) => {
    const [, height = 0, width = 0, channels = 0] = inputShape;
    const [, outHeight = 0, outWidth = 0] = dy.shape;
    const [windowHeight = 1, windowWidth = 1] = window;
    const [strideHeight = 1, strideWidth = 1] = stride;
    const rows = validCounts(height, outHeight, windowHeight, strideHeight, padding);
    const columns = validCounts(width, outWidth, windowWidth, strideWidth, padding);
    const counts = rows.flatMap((row) => columns.map((column) => row * column));
    const share = tf.div(dy, tf.tensor4d(counts, [1, outHeight, outWidth, 1]));
    // Every value of a window gets the same share: the input gradient of a depthwise convolution with ones.
    return tf
      .engine()
      .runKernel(
        'DepthwiseConv2dNativeBackpropInput',
        { dy: share, filter: tf.ones([windowHeight, windowWidth, channels, 1]) },
        { inputShape: [...inputShape], strides: [...stride], pad: padding, dilations: [1, 1] },
      );
  },
});

const forward = defineKernel<{ x: tf.Tensor4D }, Pooling, tf.Tensor>({
  name: 'EspalierAvgPool',
  portable: ({ x }, { window, stride, padding }) => tf.avgPool(x, [...window], [...stride], padding),
  differentiation: {
    savedInputs: ['x'],
    gradient: ([dy], { x }, _, attributes) => ({
      x: backward({ dy }, { ...attributes, inputShape: x.shape }),
    }),
  },
});

/**
 * Mean of each window; pixels outside the image do not count unless asked for.
 *
 * @param x       [N, H, W, C] float32
 * @param window  height and width, pixels
 * @param stride  steps along height and width, pixels
 * @param padding `same`, `valid` or [top, bottom, left, right] pixels
 * @param options countPadding: explicit padding counts as zeros, as PyTorch's count_include_pad; ceil: also windows that
 *   are only partly inside, as PyTorch's ceil_mode, whose pixels beyond the padding never count
 * @returns       [N, outH, outW, C] float32
 * @throws ShapeError when explicit padding is not narrower than the window
 */
export function avgPool(
  x: tf.Tensor4D,
  window: Size,
  stride: Size,
  padding: Padding,
  options: { readonly countPadding?: boolean; readonly ceil?: boolean } = {},
): tf.Tensor4D {
  const { countPadding = false, ceil = false } = options;
  const applied = poolingPadding(x, { window, stride, padding, ceil });
  const [padded, rest] = padExplicitly(x, applied, 0);
  const means = forward({ x: padded }, { window, stride, padding: rest }) as tf.Tensor4D;
  if (typeof applied === 'string') return means;
  const counted = countPadding && typeof padding !== 'string' ? padding : NONE;
  const factors = coverageFactors(x.shape, means.shape, { window, stride, applied, counted });
  return factors ? tf.mul(means, factors) : means;
}

/**
 * The input gradient of an average pooling with padding in pixels that do not count.
 *
 * @param dy    [N, outH, outW, C] float32
 * @param shape [N, H, W, C] of the input
 */
export function avgPoolGrad(
  dy: tf.Tensor4D,
  shape: readonly number[],
  { window, stride, padding }: { readonly window: Size; readonly stride: Size; readonly padding: Border },
): tf.Tensor {
  const [batch = 0, height = 0, width = 0, channels = 0] = shape;
  const [top, bottom, left, right] = padding;
  const factors = coverageFactors(shape, dy.shape, { window, stride, applied: padding, counted: NONE });
  const inputShape = [batch, height + top + bottom, width + left + right, channels];
  const whole = backward({ dy: factors ? tf.mul(dy, factors) : dy }, { inputShape, window, stride, padding: 'valid' });
  return tf.slice(whole, [0, top, left, 0], [...shape]);
}

type Border = readonly [top: number, bottom: number, left: number, right: number];
const NONE: Border = [0, 0, 0, 0];

/** From means of whole windows to means of the pixels that count, [1, outH, outW, 1]; nothing where they are the same. */
function coverageFactors(
  shape: readonly number[],
  outShape: readonly number[],
  { window, stride, applied, counted }: { window: Size; stride: Size; applied: Border; counted: Border },
): tf.Tensor | undefined {
  const [rows, columns] = mapTuple([0, 1] as const, (axis) =>
    coveredCounts(valueAt(outShape, axis + 1), {
      window: window[axis],
      stride: stride[axis],
      before: valueAt(applied, axis * 2),
      from: -valueAt(counted, axis * 2),
      to: valueAt(shape, axis + 1) + valueAt(counted, axis * 2 + 1),
    }),
  );
  const factors = rows.flatMap((row) => columns.map((column) => (window[0] * window[1]) / (row * column)));
  if (factors.every((factor) => factor === 1)) return undefined;
  return tf.tensor4d(factors, [1, rows.length, columns.length, 1]);
}

interface Axis {
  readonly window: number;
  readonly stride: number;
  /** Pixels between the first window's start and the image. */
  readonly before: number;
  /** The first pixel that counts, and the first that no longer does; the image starts at 0. */
  readonly from: number;
  readonly to: number;
}

/** How many pixels that count each window covers along one axis. */
function coveredCounts(outSize: number, { window, stride, before, from, to }: Axis): number[] {
  return Array.from({ length: outSize }, (_, i) => {
    const start = i * stride - before;
    return Math.min(start + window, to) - Math.max(start, from);
  });
}

function validCounts(size: number, outSize: number, window: number, stride: number, padding: string): number[] {
  const before = padding === 'valid' ? 0 : Math.floor(Math.max(0, (outSize - 1) * stride + window - size) / 2);
  return coveredCounts(outSize, { window, stride, before, from: 0, to: size });
}
