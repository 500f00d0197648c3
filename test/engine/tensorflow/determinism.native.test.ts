import { createHash } from 'node:crypto';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { avgPool, batchNormTrain, resizeBilinear, statelessNormal, swish } from '../../../engine/kernels/index.js';
import { compileQuietly } from './trace/compiled.js';

/** Digest of all weights after 100 steps of a small network of every kind of layer a detector has. */
function trainedWeights(compiled: boolean): string {
  const seed = (value: number) => tf.tensor1d([value, 7], 'int32');
  const variable = (shape: number[], key: number) =>
    tf.tidy(() => tf.variable(tf.mul(statelessNormal(shape, seed(key)), 0.2)));
  const stem = variable([3, 3, 3, 16], 1) as tf.Variable<tf.Rank.R4>;
  const depth = variable([5, 5, 16, 1], 2) as tf.Variable<tf.Rank.R4>;
  const project = variable([1, 1, 16, 16], 3) as tf.Variable<tf.Rank.R4>;
  const top = variable([16, 5], 4) as tf.Variable<tf.Rank.R2>;
  const [gamma, beta] = [tf.variable(tf.ones([16])), tf.variable(tf.zeros([16]))];
  const weights = [stem, depth, project, top, gamma, beta];
  const adam = tf.train.adam(0.01);
  const images = statelessNormal([8, 40, 40, 3], seed(5)) as tf.Tensor4D;
  const labels = tf.cast(tf.oneHot([0, 1, 2, 3, 4, 0, 1, 2], 5), 'float32');
  const loss = (): tf.Scalar => {
    const maps = tf.depthwiseConv2d(tf.conv2d(images, stem, 2, 'same'), depth, 1, 'same');
    const normal = batchNormTrain(maps, gamma as tf.Tensor1D, beta as tf.Tensor1D, 1e-3).y;
    const pooled = avgPool(swish(normal), [3, 3], [2, 2], 'same');
    const joined = tf.add(resizeBilinear(pooled, 20, 20), tf.conv2d(normal, project, 1, 'same'));
    const rows = tf.gather(tf.mean<tf.Tensor2D>(joined, [1, 2]), tf.tensor1d([7, 6, 5, 4, 3, 2, 1, 0, 0], 'int32'));
    return tf.losses.softmaxCrossEntropy(tf.concat([labels, tf.slice(labels, 0, 1)]), tf.matMul(rows, top));
  };
  const plain = (): tf.Tensor => adam.minimize(loss, true, weights) as tf.Tensor;
  const { step } = compileQuietly(plain);
  for (let i = 0; i < 100; i++) tf.dispose(compiled ? step() : tf.tidy(plain));
  const hash = createHash('sha256');
  for (const weight of weights) hash.update(weight.dataSync() as Float32Array);
  step.dispose();
  adam.dispose();
  tf.dispose([...weights, images, labels]);
  return hash.digest('hex');
}

describe('determinism', () => {
  it('gives the same bits after 100 compiled steps, each time', () => {
    const first = trainedWeights(true);
    expect(trainedWeights(true)).toBe(first);
    expect(trainedWeights(true)).toBe(first);
  });

  it('gives the same bits after 100 steps op by op, each time', () => {
    expect(trainedWeights(false)).toBe(trainedWeights(false));
  });
});
