import * as tf from '@tensorflow/tfjs';

/**
 * Huber loss of each difference: quadratic up to `delta`, linear above. Not reduced.
 *
 * @param predictions float32 of any shape
 * @param targets     the same shape; a constant to gradients
 * @returns           the same shape: 0.5 d ** 2, or delta * (|d| - 0.5 delta)
 * @source Huber 1964, doi:10.1214/aoms/1177703732
 */
export function huberLoss<T extends tf.Tensor>(predictions: T, targets: T, delta: number): T {
  const loss = tf.customGrad((...args) => {
    const [p, t, save] = args as [tf.Tensor, tf.Tensor, (tensors: tf.Tensor[]) => void];
    save([p, t]);
    const size = tf.abs(tf.sub(p, t));
    const near = tf.minimum(size, delta);
    return {
      value: tf.mul(near, tf.sub(size, tf.mul(near, 0.5))),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [savedPredictions, savedTargets] = saved as [tf.Tensor, tf.Tensor];
        const slope = tf.clipByValue(tf.sub(savedPredictions, savedTargets), -delta, delta);
        return [tf.mul(dy, slope), tf.zerosLike(savedTargets)];
      },
    };
  });
  return loss(predictions, targets) as T;
}
