import * as tf from '@tensorflow/tfjs-core';
import { allGather, allReduceMean, taskCount } from '../collective.js';
import { unstackInto } from '../split.js';
import type { BatchStatistics } from './batchNormTrain.js';
import { channelAffine } from './channelAffine.js';
import { channelSum } from './channelSum.js';
import { defineKernel } from './kernel.js';

const centre = (x: tf.Tensor, mean: tf.Tensor): tf.Tensor => channelAffine(x, tf.onesLike(mean), tf.neg(mean));

const kernel = defineKernel<
  { x: tf.Tensor; scale: tf.Tensor; shift: tf.Tensor },
  { epsilon: number },
  readonly [y: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor, inverseDeviation: tf.Tensor]
>({
  name: 'EspalierBatchNormSynced',
  portable: ({ x, scale, shift }, { epsilon }) => {
    const count = x.size / scale.size;
    const ownMean = tf.div(channelSum(x), count);
    const ownVariance = tf.div(channelSum(tf.square(centre(x, ownMean))), count);
    const [means, variances] = unstackInto(allGather(tf.stack([ownMean, ownVariance])), 2, 1);
    const mean = tf.mean(means, 0);
    const variance = tf.mean(tf.add(variances, tf.square(tf.sub(means, mean))), 0);
    const inverseDeviation = tf.rsqrt(tf.add(variance, epsilon));
    const y = channelAffine(centre(x, mean), tf.mul(inverseDeviation, scale), shift);
    const all = count * taskCount();
    return [y, mean, tf.mul(variance, all / Math.max(1, all - 1)), inverseDeviation] as const;
  },
  differentiation: {
    savedInputs: ['x', 'scale'],
    savedOutputs: [1, 3],
    gradient: ([dy], { x, scale }, saved) => {
      const [mean, inverseDeviation] = saved as [tf.Tensor, tf.Tensor];
      const count = x.size / scale.size;
      const centred = centre(x, mean);
      const dShift = channelSum(dy);
      const dScale = tf.mul(channelSum(tf.mul(dy, centred)), inverseDeviation);
      const [shiftMean, scaleMean] = allReduceMean([dShift, dScale]) as [tf.Tensor, tf.Tensor];
      const factor = tf.mul(scale, inverseDeviation);
      const slope = tf.div(tf.mul(tf.mul(scaleMean, inverseDeviation), factor), -count);
      const offset = tf.div(tf.mul(shiftMean, factor), -count);
      const dx = tf.add(channelAffine(dy, factor, tf.zerosLike(factor)), channelAffine(centred, slope, offset));
      return { x: dx, scale: dScale, shift: dShift };
    },
  },
});

/**
 * `batchNormTrain` with the statistics of the batches of all processes of the cluster, which have the same shape.
 *
 * @param x       [N, H, W, C] float32: this process's share
 * @param scale   [C] float32
 * @param shift   [C] float32
 * @param epsilon added to the variance
 * @source Zhang et al. 2018, arXiv:1803.08904; variances joined as in Chan et al. 1983
 */
export function batchNormSynced(
  x: tf.Tensor4D,
  scale: tf.Tensor1D,
  shift: tf.Tensor1D,
  epsilon: number,
): BatchStatistics {
  const [y, mean, variance, inverseDeviation] = kernel({ x, scale, shift }, { epsilon });
  inverseDeviation.dispose();
  return { y: y as tf.Tensor4D, mean: mean as tf.Tensor1D, variance: variance as tf.Tensor1D };
}
