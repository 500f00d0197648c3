import * as tf from '@tensorflow/tfjs-core';
import { valueAt } from '../checked.js';
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

/** A pooling's window, steps and padding along both axes. */
export interface PoolingLayout {
  /** Height and width, pixels. */
  readonly window: Size;
  /** Steps along height and width, pixels. */
  readonly stride: Size;
  readonly padding: Padding;
  /** Also windows that are only partly inside, as PyTorch's ceil_mode. Defaults to false. */
  readonly ceil?: boolean;
}

/**
 * The padding a pooling applies: with `ceil`, enough for the last window, which must start inside the image or the
 * padding before it.
 *
 * @throws ShapeError when explicit padding is not narrower than the window
 */
export function poolingPadding(x: tf.Tensor4D, { window, stride, padding, ceil = false }: PoolingLayout): Padding {
  if (padding === 'same' || (padding === 'valid' && !ceil)) return padding;
  const [top, bottom, left, right] = padding === 'valid' ? [0, 0, 0, 0] : padding;
  if (Math.max(top, bottom) >= window[0] || Math.max(left, right) >= window[1]) {
    throw new ShapeError(`a pooling pads [${padding}] pixels, a window of [${window}] needs less on each side`);
  }
  if (!ceil) return padding;
  const extended = (axis: 0 | 1, before: number, after: number): number => {
    const size = valueAt(x.shape, axis + 1);
    const [length, step] = [window[axis], stride[axis]];
    const steps = Math.ceil((size + before + after - length) / step);
    const last = steps * step >= size + before ? steps - 1 : steps;
    return Math.max(after, last * step + length - size - before);
  };
  return [top, extended(0, top, bottom), left, extended(1, left, right)];
}
