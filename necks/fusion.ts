import * as tf from '@tensorflow/tfjs';
import { ones } from '../backbones/initialisers.js';
import type { Parameters } from '../backbones/parameters.js';

/** Keeps the quotient finite when all weights are 0. */
const EPSILON = 1e-4;

/** Maps of one shape -> their combination. */
export type Fuse = (maps: readonly tf.Tensor4D[]) => tf.Tensor4D;

export const FUSIONS = {
  /**
   * sum(relu(w_i) x_i) / (sum(relu(w_i)) + 1e-4); parameter `name.edge_weights` [inputs].
   *
   * @source Tan et al. 2020, arXiv:1911.09070, section 3.3
   */
  fast: (parameters, name, count, frozen) => {
    const weights = parameters.create(`${name}.edge_weights`, {
      shape: [count],
      layout: 'plain',
      role: 'scale',
      initialise: ones,
      frozen,
    });
    return (maps) => {
      const positive = tf.relu(weights);
      const shares = tf.split(tf.div(positive, tf.add(tf.sum(positive), EPSILON)), count); // count times [1]
      return sum(maps.map((map, i) => tf.mul(map, shares[i]!)));
    };
  },
  sum: () => sum,
} as const satisfies {
  readonly [name: string]: (parameters: Parameters, name: string, count: number, frozen: boolean) => Fuse;
};

/**
 * a + sigmoid(max of a over all cells, for each channel) b: how much of the finer map b is let through, the coarser one says.
 *
 * @param a [N, H, W, C]
 * @param b of the same shape
 * @source Ghiasi et al. 2019, arXiv:1904.07392, figure 4
 */
export const globalAttention = (a: tf.Tensor4D, b: tf.Tensor4D): tf.Tensor4D =>
  tf.add(a, tf.mul(b, tf.sigmoid(tf.max(a, [1, 2], true))));

function sum(maps: readonly tf.Tensor4D[]): tf.Tensor4D {
  return maps.reduce((total, map) => tf.add(total, map));
}
