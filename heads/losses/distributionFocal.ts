import * as tf from '@tensorflow/tfjs';

/**
 * Distribution focal loss: cross-entropy of a distribution over 0, 1, ... with the number wanted, shared between the two whole
 * numbers around it. Not reduced.
 *
 * @param logits [..., B] float32, of the numbers 0..B - 1
 * @param wanted [...] float32 in [0, B - 1]; a constant to gradients
 * @returns      [...]
 * @source Li et al. 2020, arXiv:2006.04388, equation 6
 */
export function distributionFocalLoss(logits: tf.Tensor, wanted: tf.Tensor): tf.Tensor {
  const bins = logits.shape.at(-1) ?? 1;
  const distance = tf.abs(tf.sub(tf.expandDims(wanted, -1), numbers(bins)));
  const share = tf.relu(tf.sub(1, distance)); // of the two neighbours; 0 elsewhere
  return tf.neg(tf.sum(tf.mul(share, tf.logSoftmax(logits)), -1));
}

/**
 * What a distribution over 0, 1, ... expects.
 *
 * @param logits [..., B] float32
 * @returns      [...] in [0, B - 1]
 * @source Li et al. 2020, arXiv:2006.04388, equation 4
 */
export function expectation(logits: tf.Tensor): tf.Tensor {
  return tf.sum(tf.mul(tf.softmax(logits), numbers(logits.shape.at(-1) ?? 1)), -1);
}

const numbers = (bins: number): tf.Tensor1D => tf.tensor1d(Float32Array.from({ length: bins }, (_, i) => i));
