import * as tf from '@tensorflow/tfjs';
import { ShapeError } from '../errors.js';
import { type Padding, padExplicitly, type Size } from './padding.js';

/** Below every finite activation, and finite itself: 0 * padding stays 0. */
const LOWEST = -3.4028234663852886e38;

/**
 * Largest value of each window. The gradient goes to the first largest value in reading order.
 *
 * @param x       [N, H, W, C] float32
 * @param window  height and width, pixels
 * @param stride  steps along height and width, pixels
 * @param padding `same`, `valid` or [top, bottom, left, right] pixels, which never win
 * @returns       [N, outH, outW, C] float32
 * @throws ShapeError when explicit padding is not narrower than the window
 */
export function maxPool(x: tf.Tensor4D, window: Size, stride: Size, padding: Padding): tf.Tensor4D {
  const [height, width] = window;
  if (typeof padding !== 'string') {
    const [top, bottom, left, right] = padding;
    if (Math.max(top, bottom) >= height || Math.max(left, right) >= width) {
      throw new ShapeError(`max pool pads [${padding}] pixels, a window of [${window}] needs less on each side`);
    }
  }
  const [padded, rest] = padExplicitly(x, padding, LOWEST);
  return tf.maxPool(padded, [height, width], [stride[0], stride[1]], rest);
}
