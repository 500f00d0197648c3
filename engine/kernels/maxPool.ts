import * as tf from '@tensorflow/tfjs-core';
import { type Padding, padExplicitly, poolingPadding, type Size } from './padding.js';

/** Below every finite activation, and finite itself: 0 * padding stays 0. */
export const LOWEST = -3.4028234663852886e38;

/**
 * Largest value of each window. The gradient goes to the first largest value in reading order.
 *
 * @param x       [N, H, W, C] float32
 * @param window  height and width, pixels
 * @param stride  steps along height and width, pixels
 * @param padding `same`, `valid` or [top, bottom, left, right] pixels, which never win
 * @param options ceil: also windows that are only partly inside, as PyTorch's ceil_mode
 * @returns       [N, outH, outW, C] float32
 * @throws ShapeError when explicit padding is not narrower than the window
 */
export function maxPool(
  x: tf.Tensor4D,
  window: Size,
  stride: Size,
  padding: Padding,
  options: { readonly ceil?: boolean } = {},
): tf.Tensor4D {
  const [padded, rest] = padExplicitly(x, poolingPadding(x, { window, stride, padding, ...options }), LOWEST);
  return tf.maxPool(padded, [window[0], window[1]], [stride[0], stride[1]], rest);
}
