import * as tf from '@tensorflow/tfjs';

/** Keeps the division finite for a gradient of zero. */
const TINY = 1e-6;

/** Square root of the sum of all squares: a float32 scalar. Call inside `tf.tidy`. */
export function globalNorm(gradients: readonly tf.Tensor[]): tf.Scalar {
  const squares = gradients.map((gradient) => tf.sum(tf.square(gradient)));
  return tf.sqrt(tf.sum(tf.stack(squares)));
}

/**
 * Scales all gradients by one factor so that their global norm is at most `clipNorm`; their direction stays.
 * Call inside `tf.tidy`.
 *
 * @param norm their global norm
 * @source Pascanu et al. 2013, arXiv:1211.5063, algorithm 1
 */
export function clipByGlobalNorm<T extends tf.Tensor>(gradients: readonly T[], norm: tf.Scalar, clipNorm: number): T[] {
  const factor = tf.minimum(tf.div(clipNorm, tf.add(norm, TINY)), 1);
  return gradients.map((gradient) => tf.mul(gradient, factor));
}
