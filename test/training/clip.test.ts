import * as tf from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { clipByGlobalNorm, globalNorm } from '../../training/clip.js';

const gradients = () => [
  tf.tensor1d([3, 0]),
  tf.tensor2d([
    [0, 4],
    [0, 12],
  ]),
];

test('the global norm is that of all elements together', () => {
  tf.tidy(() => {
    expect(globalNorm(gradients()).dataSync()[0]).toBeCloseTo(13, 5);
  });
});

test('gradients beyond the limit are scaled by one factor to the limit', () => {
  tf.tidy(() => {
    const all = gradients();
    const [a, b] = clipByGlobalNorm<tf.Tensor>(all, globalNorm(all), 6.5);
    expect([...(a as tf.Tensor).dataSync()]).toEqual([expect.closeTo(1.5, 5), 0]);
    expect([...(b as tf.Tensor).dataSync()]).toEqual([0, expect.closeTo(2, 5), 0, expect.closeTo(6, 5)]);
  });
});

test('gradients within the limit stay as they are, bit for bit', () => {
  tf.tidy(() => {
    const all = gradients();
    const [a, b] = clipByGlobalNorm<tf.Tensor>(all, globalNorm(all), 14);
    expect([...(a as tf.Tensor).dataSync()]).toEqual([3, 0]);
    expect([...(b as tf.Tensor).dataSync()]).toEqual([0, 4, 0, 12]);
  });
});

test('gradients of zero stay zero', () => {
  tf.tidy(() => {
    const all = [tf.zeros([3])];
    const [a] = clipByGlobalNorm(all, globalNorm(all), 1);
    expect([...(a as tf.Tensor).dataSync()]).toEqual([0, 0, 0]);
  });
});

test('a gradient that is not a number makes the norm not a number', () => {
  tf.tidy(() => {
    expect(globalNorm([tf.tensor1d([1, Number.NaN])]).dataSync()[0]).toBeNaN();
  });
});
