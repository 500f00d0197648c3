import * as tf from '@tensorflow/tfjs-core';
import { avgPool, maxPool } from '../../engine/kernels/index.js';
import type { Layer } from '../module.js';

export interface PoolingOptions {
  /** Square, cells. */
  readonly window: number;
  readonly stride: number;
  /** Padding in cells on every side; `same`: TensorFlow's rule, by the size of the map. Defaults to 0. */
  readonly padding?: number | 'same';
  /** True: a last window that reaches over the edge counts too, as with PyTorch's `ceil_mode`. */
  readonly ceil?: boolean;
}

/** Largest value of each window; cells beyond the edge never win. */
export function maxPooling(options: PoolingOptions): Layer<tf.Tensor4D> {
  const { window, stride, ceil = false } = options;
  return (input) => maxPool(input, [window, window], [stride, stride], sidesOf(options, input), { ceil });
}

/**
 * Mean of each window.
 *
 * @param options `countPadding`: cells of the padding count as zeros, as PyTorch does unless told otherwise
 */
export function averagePooling(options: PoolingOptions & { readonly countPadding: boolean }): Layer<tf.Tensor4D> {
  const { window, stride, ceil = false, countPadding } = options;
  return (input) => avgPool(input, [window, window], [stride, stride], sidesOf(options, input), { ceil, countPadding });
}

type Sides = readonly [top: number, bottom: number, left: number, right: number];

function sidesOf({ window, stride, padding = 0 }: PoolingOptions, { shape }: tf.Tensor4D): Sides {
  if (padding !== 'same') return [padding, padding, padding, padding];
  const total = (cells: number): number => Math.max(0, (Math.ceil(cells / stride) - 1) * stride + window - cells);
  const [height, width] = [total(shape[1]), total(shape[2])];
  return [Math.floor(height / 2), Math.ceil(height / 2), Math.floor(width / 2), Math.ceil(width / 2)];
}

/** [N, H, W, C] -> [N, C]: the mean of every map. */
export function globalMean(input: tf.Tensor4D): tf.Tensor2D {
  return tf.mean<tf.Tensor2D>(input, [1, 2]);
}

/**
 * Mean of windows that cover the map so that there are `height` x `width` of them, overlapping where they must: also
 * more windows than cells. PyTorch's AdaptiveAvgPool2d.
 *
 * @param size of the output, cells
 */
export function adaptiveMean(
  input: tf.Tensor4D,
  [height, width]: readonly [height: number, width: number],
): tf.Tensor4D {
  return adaptiveAxis(adaptiveAxis(input, 1, height), 2, width);
}

function adaptiveAxis(input: tf.Tensor4D, axis: 1 | 2, count: number): tf.Tensor4D {
  const cells = input.shape[axis];
  if (cells === count) return input;
  const windows = Array.from({ length: count }, (_, i) => {
    const [begin, size] = [
      [0, 0, 0, 0],
      [-1, -1, -1, -1],
    ];
    begin[axis] = Math.floor((i * cells) / count);
    size[axis] = Math.ceil(((i + 1) * cells) / count) - begin[axis];
    return tf.mean<tf.Tensor4D>(tf.slice(input, begin, size), axis, true);
  });
  return tf.concat(windows, axis);
}
