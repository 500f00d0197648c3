import * as tf from '@tensorflow/tfjs';
import { avgPool, maxPool } from '../../engine/kernels/index.js';
import type { Layer } from '../module.js';

export interface PoolingOptions {
  /** Square, cells. */
  readonly window: number;
  readonly stride: number;
  /** Cells on every side; 0 when absent. */
  readonly padding?: number;
  /** True: a last window that reaches over the edge counts too, as with PyTorch's `ceil_mode`. */
  readonly ceil?: boolean;
}

/** Largest value of each window; cells beyond the edge never win. */
export function maxPooling({ window, stride, padding = 0, ceil = false }: PoolingOptions): Layer<tf.Tensor4D> {
  return (input) => maxPool(input, [window, window], [stride, stride], [padding, padding, padding, padding], { ceil });
}

/**
 * Mean of each window.
 *
 * @param options `countPadding`: cells of the padding count as zeros, as PyTorch does unless told otherwise
 */
export function averagePooling(options: PoolingOptions & { readonly countPadding: boolean }): Layer<tf.Tensor4D> {
  const { window, stride, padding = 0, ceil = false, countPadding } = options;
  const sides = [padding, padding, padding, padding] as const;
  return (input) => avgPool(input, [window, window], [stride, stride], sides, { ceil, countPadding });
}

/** [N, H, W, C] -> [N, C]: the mean of every map. */
export function globalMean(input: tf.Tensor4D): tf.Tensor2D {
  return tf.mean<tf.Tensor2D>(input, [1, 2]);
}
