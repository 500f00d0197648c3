import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import type { Tree } from '../../../../engine/compile.js';
import { compileQuietly, values } from './compiled.js';

type Fn = (...args: tf.Tensor[]) => Tree;

/** Value and gradients of a scalar function of tensors, with patterns and without, and the bytes that a call needs. */
function both(fn: (...args: tf.Tensor[]) => tf.Tensor, args: readonly tf.Tensor[]): readonly [Result, Result] {
  const whole: Fn = (...given) => {
    const { value, grads } = tf.valueAndGrads((...xs: tf.Tensor[]) => tf.sum(fn(...xs)))(given);
    return [value, ...grads];
  };
  const run = (patterns: boolean): Result => {
    const { step } = compileQuietly(whole, { patterns });
    const bytes = step.memory(...args);
    const results = (step(...args) as tf.Tensor[]).map(values);
    step.dispose();
    return { bytes, results };
  };
  return [run(true), run(false)];
}
interface Result {
  readonly bytes: number;
  readonly results: readonly number[][];
}

function expectAlike([on, off]: readonly [Result, Result], digits = 4): void {
  expect(on.results).toHaveLength(off.results.length);
  for (const [i, found] of on.results.entries())
    for (const [j, value] of found.entries()) expect(value).toBeCloseTo(off.results[i]?.[j] as number, digits);
}

const random = (shape: number[], seed: number, mean = 0) => tf.randomNormal(shape, mean, 1, 'float32', seed);
const weigh = (y: tf.Tensor, weights: tf.Tensor) => tf.mul(y, weights);

describe('patterns of plain ops', () => {
  const x = random([2, 6, 5, 8], 1);
  const weights = random([2, 6, 5, 8], 2);

  it.each([
    ['x * sigmoid(x)', (a: tf.Tensor) => tf.mul(a, tf.sigmoid(a))],
    ['sigmoid(x) * x', (a: tf.Tensor) => tf.mul(tf.sigmoid(a), a)],
    ['relu6', (a: tf.Tensor) => tf.relu6(tf.mul(a, 4))],
  ])('%s is the same within rounding', (_, fn) => {
    expectAlike(both((a, w) => weigh(fn(a as tf.Tensor), w as tf.Tensor), [x, weights]));
  });

  it('a gate is the same within rounding, from logits of either shape', () => {
    for (const shape of [
      [2, 1, 1, 8],
      [2, 8],
    ]) {
      const logits = random(shape, 3);
      const fn = (a: tf.Tensor, g: tf.Tensor, w: tf.Tensor) =>
        weigh(tf.mul(tf.reshape(tf.sigmoid(g), [2, 1, 1, 8]), a), w);
      expectAlike(both(fn as (...args: tf.Tensor[]) => tf.Tensor, [x, logits, weights]));
    }
  });

  it.each([false, true])(
    'batch norm of a batch is the same within rounding and keeps less (keepDims %s)',
    (keepDims) => {
      const [scale, offset] = [random([8], 4, 1), random([8], 5)];
      const fn = (a: tf.Tensor, s: tf.Tensor, o: tf.Tensor, w: tf.Tensor) => {
        const { mean, variance } = tf.moments(a, [0, 1, 2], keepDims);
        const [m, v] = [mean, variance].map((each) => tf.reshape(each, [8]) as tf.Tensor1D) as [
          tf.Tensor1D,
          tf.Tensor1D,
        ];
        return weigh(tf.batchNorm(a as tf.Tensor4D, m, v, o as tf.Tensor1D, s as tf.Tensor1D, 1e-3), w);
      };
      const [on, off] = both(fn as (...args: tf.Tensor[]) => tf.Tensor, [x, scale, offset, weights]);
      expectAlike([on, off]);
      expect(on.bytes).toBeLessThan(off.bytes * 0.7);
    },
  );

  it('moving averages are fed with the biased variance that was written', () => {
    const fn: Fn = (a) => {
      const { mean, variance } = tf.moments(a as tf.Tensor, [0, 1, 2]);
      const y = tf.batchNorm(a as tf.Tensor4D, mean as tf.Tensor1D, variance as tf.Tensor1D);
      return [tf.mul(mean, 2), tf.mul(variance, 2), y];
    };
    const [on, off] = [true, false].map((patterns) =>
      (compileQuietly(fn, { patterns }).step(x) as tf.Tensor[]).map(values),
    ) as [number[][], number[][]];
    expectAlike([
      { bytes: 0, results: on },
      { bytes: 0, results: off },
    ]);
    const { mean, variance } = tf.moments(x, [0, 1, 2]);
    for (const [i, value] of values(variance).entries()) expect(on[1]?.[i]).toBeCloseTo(2 * value, 4);
    for (const [i, value] of values(mean).entries()) expect(on[0]?.[i]).toBeCloseTo(2 * value, 4);
  });

  it('statistics of something else stay what they are', () => {
    const other = random([2, 6, 5, 8], 6, 3);
    const ones = tf.ones<tf.Rank.R1>([8]);
    const fn = (a: tf.Tensor, b: tf.Tensor, w: tf.Tensor) => {
      const { mean } = tf.moments(b, [0, 1, 2]);
      const { variance } = tf.moments(a, [0, 1, 2]);
      return weigh(tf.batchNorm(a as tf.Tensor4D, mean as tf.Tensor1D, variance as tf.Tensor1D, ones, ones), w);
    };
    expectAlike(both(fn as (...args: tf.Tensor[]) => tf.Tensor, [x, other, weights]));
    const perImage = (a: tf.Tensor, w: tf.Tensor) => {
      const { mean, variance } = tf.moments(a, [1, 2]);
      return weigh(tf.add(a, tf.reshape(tf.add(mean, variance), [2, 1, 1, 8])), w);
    };
    expectAlike(both(perImage as (...args: tf.Tensor[]) => tf.Tensor, [x, weights]));
  });

  it('the gradient for the gate itself is there where somebody asks for it', () => {
    const fn: Fn = (a) => {
      const open = tf.sigmoid(a as tf.Tensor);
      return tf.grad((s: tf.Tensor) => tf.sum(tf.mul(a as tf.Tensor, s)))(open);
    };
    for (const patterns of [true, false]) {
      const found = compileQuietly(fn, { patterns }).step(x) as tf.Tensor;
      expect(values(found)).toEqual(values(x));
    }
  });

  it('a gradient of a gradient is that of what is written', () => {
    const second: Fn = (a) => {
      const f = (b: tf.Tensor) => tf.sum(tf.mul(b, tf.sigmoid(b)));
      return tf.grad((b: tf.Tensor) => tf.sum(tf.grad(f)(b)))(a as tf.Tensor);
    };
    const [on, off] = [true, false].map((patterns) =>
      values(compileQuietly(second, { patterns }).step(x) as tf.Tensor),
    );
    expect(on).toEqual(off);
  });

  it('sums and means spread their gradient over what was reduced', () => {
    const fn = (a: tf.Tensor, w: tf.Tensor) => tf.mul(tf.sum(weigh(a, w), [0, 3]), tf.mean(tf.square(a), [0, 3]));
    expectAlike(both(fn as (...args: tf.Tensor[]) => tf.Tensor, [x, weights]), 3);
    const mean = tf.grad((a: tf.Tensor) => tf.mean(a))(x);
    for (const value of values(mean)) expect(value).toBeCloseTo(1 / x.size, 8);
  });
});
