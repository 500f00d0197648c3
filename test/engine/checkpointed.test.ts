import * as tf from '@tensorflow/tfjs';
import { afterAll, describe, expect, it } from 'vitest';
import { checkpointed } from '../../engine/checkpointed.js';
import { compile } from '../../engine/compile.js';

const values = (tensor: tf.Tensor): number[] => Array.from(tensor.dataSync());

describe('a checkpointed block', () => {
  const w = tf.variable(tf.tensor2d([0.5, -0.3, 0.8, 0.2], [2, 2]));
  const frozen = tf.variable(tf.scalar(2), false);
  const mean = tf.variable(tf.tensor1d([1, 1]), false);
  const block = (x: tf.Tensor): tf.Tensor => {
    const y = tf.tanh(tf.mul(tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D), frozen));
    mean.assign(tf.add(tf.mul(mean, 0.9), tf.mul(tf.mean(y, 0), 0.1)) as tf.Tensor1D);
    return tf.sub(y, mean);
  };
  afterAll(() => tf.dispose([w, frozen, mean]));

  /** Gradients of x and w, and the moving mean after it, through two blocks. */
  const step = (layer: (x: tf.Tensor) => tf.Tensor) => (x: tf.Tensor) => {
    const loss = (input: tf.Tensor): tf.Scalar => tf.sum(tf.square(layer(layer(input))));
    const { grads } = tf.variableGrads(() => loss(x), [w]);
    return [tf.grad(loss)(x), grads[w.name] as tf.Tensor];
  };
  const run = (layer: (x: tf.Tensor) => tf.Tensor, compiled: boolean): number[][] => {
    mean.assign(tf.tensor1d([1, 1]));
    const x = tf.tensor2d([0.1, 0.7, -0.4, 0.3, 0.2, -0.9], [3, 2]);
    const fn = step(layer);
    const results = compiled ? compile(fn)(x) : tf.tidy(() => fn(x));
    return [...results.map(values), values(mean)];
  };

  it.each([false, true])('has the values, gradients and assignments of the plain one (compiled: %s)', (compiled) => {
    const plain = run(block, compiled);
    const again = run(checkpointed(block), compiled);
    plain.forEach((expected, i) => {
      expected.forEach((value, j) => {
        expect(again[i]?.[j]).toBeCloseTo(value, 6);
      });
    });
  });

  it('leaves no tensor behind', () => {
    run(checkpointed(block), false);
    const before = tf.memory().numTensors;
    tf.tidy(() => void step(checkpointed(block))(tf.ones([3, 2])));
    expect(tf.memory().numTensors).toBe(before);
  });
});
