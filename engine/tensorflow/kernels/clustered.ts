import * as tf from '@tensorflow/tfjs';
import type { Clusters } from '../cluster.js';
import { input, type Twin } from './twin.js';

/** Kernels that are chains of element-wise ops: one XLA loop each inside a compiled function. */
export function clusteredTwins(clusters: Clusters): { readonly [kernel: string]: Twin } {
  return {
    EspalierSwish: (_, inputs) =>
      clusters.run('swish', [input(inputs, 'x')], (x) => [
        tf.mul(x as tf.Tensor, tf.sigmoid(x as tf.Tensor)),
      ])[0] as tf.Tensor,
    EspalierSwishGrad: (_, inputs) =>
      clusters.run('swish_grad', [input(inputs, 'dy'), input(inputs, 'x')], (dy, x) => {
        const sigmoid = tf.sigmoid(x as tf.Tensor);
        const y = tf.mul(x as tf.Tensor, sigmoid);
        return [tf.mul(dy as tf.Tensor, tf.add(y, tf.mul(sigmoid, tf.sub(1, y))))];
      })[0] as tf.Tensor,
  };
}
