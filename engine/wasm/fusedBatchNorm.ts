import * as tf from '@tensorflow/tfjs';

/**
 * Replaces the gradient of tf.batchNorm where its statistics are vectors: the stock one tiles them to the full size of the
 * map. For models that call tf.batchNorm themselves.
 */
export function registerFusedBatchNormGradient(): void {
  const stock = tf.getGradient('FusedBatchNorm');
  tf.unregisterGradient('FusedBatchNorm');
  tf.registerGradient({
    kernelName: 'FusedBatchNorm',
    inputsToSave: ['x', 'mean', 'variance', 'scale'],
    gradFunc: (dy, saved, attributes) => {
      const [x, mean, variance, scale] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor | undefined];
      if (mean.rank !== 1 || Array.isArray(dy)) return stock.gradFunc(dy, saved, attributes);
      const axes = x.shape.map((_, axis) => axis).slice(0, -1);
      const inverse = tf.rsqrt(tf.add(variance, attributes.varianceEpsilon as number));
      const factor = scale ? tf.mul(inverse, scale) : inverse;
      const shiftSum = tf.sum(dy, axes);
      const scaleSum = tf.sum(tf.mul(dy, tf.sub(x, mean)), axes);
      return {
        x: () => tf.mul(dy, factor),
        mean: () => tf.neg(tf.mul(factor, shiftSum)),
        variance: () => tf.mul(tf.mul(tf.mul(tf.square(inverse), factor), -0.5), scaleSum),
        scale: () => tf.mul(inverse, scaleSum),
        offset: () => tf.clone(shiftSum),
      };
    },
  });
}
