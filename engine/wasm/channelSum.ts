import * as tf from '@tensorflow/tfjs';
import { registerTwin, tensorKernel } from '../kernels/kernel.js';

/**
 * Registers the sum over all axes but the last as average pooling: the stock sum transposes the whole map first, and is
 * ten times slower. Two levels (columns, then rows) keep the rounding error small.
 */
export function registerChannelSum(): void {
  registerTwin(
    'EspalierChannelSum',
    'wasm',
    tensorKernel<{ x: tf.Tensor }, unknown>(({ x }) => {
      const channels = x.shape[x.rank - 1] as number;
      if (x.size === 0) return tf.zeros([channels]);
      const columns = x.shape[x.rank - 2] ?? 1;
      const rows = x.size / (columns * channels);
      return tf.mul(tf.reshape(mean(mean(x, rows, columns), 1, rows), [channels]), rows * columns);
    }),
  );
}

/** [rows, columns, C] to [rows, C]. */
function mean(x: tf.Tensor, rows: number, columns: number): tf.Tensor {
  return tf.avgPool(tf.reshape(x, [rows, 1, columns, -1]) as tf.Tensor4D, [1, columns], 1, 'valid');
}
