import * as tf from '@tensorflow/tfjs';

/**
 * Quality focal loss of each logit: |q - p| ** beta * cross-entropy, where the answer wanted is a quality instead of a yes or no.
 * Not reduced.
 *
 * @param logits    float32 of any shape
 * @param qualities the same shape, in [0, 1]: 0 where the class is absent; a constant to gradients
 * @param beta      power of the modulating factor, 1 or more
 * @returns         the same shape
 * @source Li et al. 2020, arXiv:2006.04388, equation 2
 */
export function qualityFocalLoss<T extends tf.Tensor>(logits: T, qualities: T, beta: number): T {
  const loss = tf.customGrad((...args) => {
    const [x, q, save] = args as [tf.Tensor, tf.Tensor, (tensors: tf.Tensor[]) => void];
    save([x, q]);
    const { error, entropy } = parts(x, q);
    return {
      value: tf.mul(power(tf.abs(error), beta), entropy),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [savedLogits, savedQualities] = saved as [tf.Tensor, tf.Tensor];
        return [tf.mul(dy, slope(savedLogits, savedQualities, beta)), tf.zerosLike(savedQualities)];
      },
    };
  });
  return loss(logits, qualities) as T;
}

function parts(x: tf.Tensor, q: tf.Tensor) {
  const probability = tf.sigmoid(x);
  return { probability, error: tf.sub(probability, q), entropy: tf.sub(tf.softplus(x), tf.mul(x, q)) };
}

/** Derivative by the logit: |e| ** beta * e + beta * |e| ** (beta - 1) * sign(e) * p * (1 - p) * entropy, with e = p - q. */
function slope(x: tf.Tensor, q: tf.Tensor, beta: number): tf.Tensor {
  const { probability, error, entropy } = parts(x, q);
  const size = tf.abs(error);
  const spread = tf.mul(probability, tf.sub(1, probability));
  const turn = tf.mul(tf.mul(tf.mul(power(size, beta - 1), tf.sign(error)), spread), entropy);
  return tf.add(tf.mul(power(size, beta), error), tf.mul(turn, beta));
}

/** The usual powers without a logarithm, which 0 does not have. */
function power(x: tf.Tensor, exponent: number): tf.Tensor {
  if (exponent === 0) return tf.onesLike(x);
  if (exponent === 1) return x;
  return exponent === 2 ? tf.square(x) : tf.pow(x, exponent);
}
