import * as tf from '@tensorflow/tfjs';
import { ShapeError } from '../errors.js';

/**
 * How a window meets the border: `same` as TensorFlow (output ceil(size / stride), the odd pixel at the bottom right),
 * `valid` (no padding), or pixels added on each side as PyTorch does.
 */
export type Padding = 'same' | 'valid' | readonly [top: number, bottom: number, left: number, right: number];

/** Height and width of a window, or steps along them. */
export type Size = readonly [height: number, width: number];

/**
 * Adds explicit padding to a map; `same` and `valid` are left to the op.
 *
 * @param x     [N, H, W, C] float32
 * @param value what the new pixels hold
 * @returns the map, and the padding that the op itself must still apply
 * @throws ShapeError when an amount is not a whole number of pixels
 */
export function padExplicitly(x: tf.Tensor4D, padding: Padding, value: number): [tf.Tensor4D, 'same' | 'valid'] {
  if (padding === 'same' || padding === 'valid') return [x, padding];
  const [top, bottom, left, right] = padding;
  if (padding.some((amount) => !Number.isInteger(amount) || amount < 0)) {
    throw new ShapeError(`padding [${padding}] must be four whole numbers of pixels: top, bottom, left, right`);
  }
  if (top + bottom + left + right === 0) return [x, 'valid'];
  const padded = tf.pad(
    x,
    [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ],
    value,
  );
  return [padded, 'valid'];
}
