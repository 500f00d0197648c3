import * as tf from '@tensorflow/tfjs-core';
import { ShapeError } from '../errors.js';
import { defineKernel } from './kernel.js';
import { philoxWords } from './philox.js';

const kernel = defineKernel<{ seed: tf.Tensor }, { shape: readonly number[] }, tf.Tensor>({
  name: 'EspalierStatelessUniform',
  portable: ({ seed }, { shape }) => {
    const words = philoxWords(seed.dataSync(), tf.util.sizeFromShape([...shape]));
    const values = new Float32Array(words.length);
    for (let i = 0; i < values.length; i++) values[i] = ((words[i] as number) & 0x7fffff) / 0x800000;
    return tf.tensor(values, [...shape]);
  },
});

/**
 * Uniform values in [0, 1) as a pure function of the seed: the same bits on every engine, and those of TensorFlow's
 * `tf.random.stateless_uniform`. A compiled function takes the seed as an argument, so that each call draws anew.
 *
 * @param shape of the result
 * @param seed  [2] int32, for example the run's seed and the step; `foldSeed` makes one for each place that draws
 * @returns     float32, multiples of 2 ** -23
 * @throws ShapeError when the seed is not two int32 values
 */
export function statelessUniform(shape: readonly number[], seed: tf.Tensor): tf.Tensor {
  if (seed.dtype !== 'int32' || seed.size !== 2 || seed.rank !== 1) {
    throw new ShapeError(`random values got a seed [${seed.shape}] of ${seed.dtype}: give it two int32 values`);
  }
  return kernel({ seed }, { shape });
}

/**
 * The seed of one of several places that draw from the same seed.
 *
 * @param seed  [2] int32
 * @param place number of the place, the same in every step
 * @returns     [2] int32
 */
export function foldSeed(seed: tf.Tensor, place: number): tf.Tensor1D {
  return tf.add(seed, tf.tensor1d([Math.imul(place, 0x9e3779b1), 0], 'int32'));
}
