import * as tf from '@tensorflow/tfjs';

export interface FocalOptions {
  /** Weight of the foreground; the background's is 1 - alpha. */
  readonly alpha: number;
  /** Power of the modulating factor. */
  readonly gamma: number;
  /** Share of the label given to both answers alike, in the cross-entropy only. */
  readonly labelSmoothing: number;
}

/**
 * Sigmoid focal loss of each logit: alpha_t * (1 - p_t) ** gamma * cross-entropy. Not reduced.
 *
 * @param logits  float32 of any shape
 * @param targets the same shape: 1 foreground, 0 background; a constant to gradients
 * @returns       the same shape
 * @source Lin et al. 2017, arXiv:1708.02002, equation 5; smoothing as in the EfficientDet release
 */
export function focalLoss<T extends tf.Tensor>(logits: T, targets: T, options: FocalOptions): T {
  const loss = tf.customGrad((...args) => {
    const [x, t, save] = args as [tf.Tensor, tf.Tensor, (tensors: tf.Tensor[]) => void];
    save([x, t]);
    const { weight, entropy } = parts(x, t, options);
    return {
      value: tf.mul(weight, entropy),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [savedLogits, savedTargets] = saved as [tf.Tensor, tf.Tensor];
        return [tf.mul(dy, slope(savedLogits, savedTargets, options)), tf.zerosLike(savedTargets)];
      },
    };
  });
  return loss(logits, targets) as T;
}

/** The loss is weight * entropy. */
function parts(x: tf.Tensor, t: tf.Tensor, options: FocalOptions): { weight: tf.Tensor; entropy: tf.Tensor } {
  const { alpha, gamma } = options;
  const modulator = tf.exp(tf.mul(tf.softplus(tf.mul(x, side(t))), -gamma)); // (1 - p_t) ** gamma
  const balance = tf.add(tf.mul(t, 2 * alpha - 1), 1 - alpha);
  const entropy = tf.sub(tf.softplus(x), tf.mul(x, smooth(t, options)));
  return { weight: tf.mul(balance, modulator), entropy };
}

/** Derivative by the logit: weight * (d entropy - gamma * p_t * side * entropy). */
function slope(x: tf.Tensor, t: tf.Tensor, options: FocalOptions): tf.Tensor {
  const { weight, entropy } = parts(x, t, options);
  const sign = side(t);
  const decay = tf.mul(tf.mul(sign, tf.sigmoid(tf.mul(x, sign))), options.gamma);
  return tf.mul(weight, tf.sub(tf.sub(tf.sigmoid(x), smooth(t, options)), tf.mul(decay, entropy)));
}

/** 1 foreground, -1 background. */
function side(t: tf.Tensor): tf.Tensor {
  return tf.sub(tf.mul(t, 2), 1);
}

function smooth(t: tf.Tensor, { labelSmoothing }: FocalOptions): tf.Tensor {
  return labelSmoothing === 0 ? t : tf.add(tf.mul(t, 1 - labelSmoothing), labelSmoothing / 2);
}
