import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { compile } from '../../../engine/compile.js';

describe('compile', () => {
  it('gives the result of the plain function', () => {
    const fn = (a: tf.Tensor, b: tf.Tensor) => tf.add(tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D), tf.scalar(1));
    const step = compile(fn);
    const a = tf.tensor2d([1, 2, 3, 4], [2, 2]);
    expect(Array.from(step(a, a).dataSync())).toEqual([8, 11, 16, 23]);
    expect(Array.from(step(a, tf.eye(2)).dataSync())).toEqual([2, 3, 4, 5]);
  });

  it('differentiates, assigns variables and leaves their identity alone', () => {
    const w = tf.variable(tf.tensor1d([1, 2]));
    const step = compile((x: tf.Tensor) => {
      const { value, grads } = tf.variableGrads(() => tf.sum(tf.mul(tf.square(w), x)) as tf.Scalar, [w]);
      w.assign(tf.sub(w, tf.mul(0.1, grads[w.name] as tf.Tensor)) as tf.Tensor1D);
      return value;
    });
    const x = tf.tensor1d([1, 1]);
    expect(step(x).dataSync()[0]).toBe(5);
    expect(Array.from(w.dataSync())).toEqual([Math.fround(0.8), Math.fround(1.6)]);
    step(x);
    expect(w.dataSync()[0]).toBeCloseTo(0.64, 6);
    w.dispose();
  });

  it('refuses to read values while tracing', () => {
    const step = compile((x: tf.Tensor) => tf.scalar(tf.sum(x).dataSync()[0] as number));
    expect(() => step(tf.tensor1d([1]))).toThrow(/reads a tensor's values/);
  });

  it('runs off the event loop', async () => {
    const step = compile((x: tf.Tensor) => tf.matMul(x as tf.Tensor2D, x as tf.Tensor2D));
    const y = await step.async(tf.ones([64, 64]));
    expect(y.dataSync()[5]).toBe(64);
  });

  it('leaves no tensor behind', () => {
    const before = tf.memory().numTensors;
    const step = compile((x: tf.Tensor) => ({ a: tf.mul(x, 2), b: [tf.sum(x)] }));
    const x = tf.ones([3]);
    tf.dispose(step(x));
    x.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});
