import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { compileQuietly, values } from './compiled.js';

const OPTIMIZERS: { readonly [name: string]: () => tf.Optimizer } = {
  sgd: () => tf.train.sgd(0.1),
  momentum: () => tf.train.momentum(0.1, 0.9),
  nesterov: () => tf.train.momentum(0.1, 0.9, true),
  adagrad: () => tf.train.adagrad(0.1),
  adadelta: () => tf.train.adadelta(0.5),
  adam: () => tf.train.adam(0.1),
  adamax: () => tf.train.adamax(0.1),
  rmsprop: () => tf.train.rmsprop(0.05, 0.9, 0.5, 1e-7, true),
};

/** The weights after five steps of a logistic regression, and the loss of each step. */
function regress(
  create: () => tf.Optimizer,
  compiled: boolean,
): { weights: number[]; losses: number[]; log: string[] } {
  const w = tf.variable(tf.tensor2d([0.1, -0.2, 0.3, 0.05], [4, 1]));
  const b = tf.variable(tf.scalar(0));
  const optimizer = create();
  const x = tf.tensor2d(
    Array.from({ length: 32 }, (_, i) => Math.sin(i * 1.3)),
    [8, 4],
  );
  const y = tf.tensor2d([0, 1, 1, 0, 1, 0, 0, 1], [8, 1]);
  const loss = (): tf.Scalar => tf.losses.sigmoidCrossEntropy(y, tf.add(tf.matMul(x, w as tf.Tensor2D), b));
  const plain = (): tf.Tensor => optimizer.minimize(loss, true) as tf.Tensor;
  const { step, log } = compileQuietly(plain, { name: 'regress' });
  const losses = Array.from({ length: 5 }, () => values(compiled ? step() : plain())[0] as number);
  const weights = [...values(w), ...values(b)];
  step.dispose();
  optimizer.dispose();
  tf.dispose([w, b, x, y]);
  return { weights, losses, log };
}

describe('variables created by a compiled function', () => {
  it.each(Object.entries(OPTIMIZERS))('trains with plain %s as uncompiled', (name, create) => {
    const plain = regress(create, false);
    const compiled = regress(create, true);
    // The same ops in the same order but fused: a few units in the last place.
    compiled.weights.forEach((weight, i) => {
      expect(weight).toBeCloseTo(plain.weights[i] as number, 5);
    });
    compiled.losses.forEach((loss, i) => {
      expect(loss).toBeCloseTo(plain.losses[i] as number, 5);
    });
    const slots = { sgd: 0, momentum: 2, nesterov: 2, rmsprop: 6, adagrad: 2 }[name] ?? 4;
    const line = expect.stringMatching(
      new RegExp(`^regress: traced again, because its first call created ${slots} variables`),
    );
    expect(compiled.log).toEqual(slots === 0 ? [] : [line]);
  });

  it('computes initial values from the real arguments, of other new variables and of random numbers', () => {
    let first: tf.Variable | undefined;
    let second: tf.Variable | undefined;
    let noise: tf.Variable | undefined;
    const { step } = compileQuietly((x: tf.Tensor) => {
      first ??= tf.variable(tf.mul(x, 10), true, 'made_first');
      second ??= tf.variable(tf.add(first, 1), true, 'made_second');
      noise ??= tf.variable(tf.randomUniform([3], 5, 6, 'float32', 1), true, 'made_noise');
      first.assign(tf.add(first, x));
      return tf.addN([first, second, tf.mean(noise)]);
    });
    const mean = (): number => values(tf.mean(noise as tf.Variable))[0] as number;
    expect(values(step(tf.scalar(2)))[0]).toBeCloseTo(22 + 21 + mean(), 5);
    expect(mean()).toBeGreaterThan(5);
    expect(values(step(tf.scalar(3)))[0]).toBeCloseTo(25 + 21 + mean(), 5);
    expect([values(first as tf.Variable), values(second as tf.Variable)]).toEqual([[25], [21]]);
    tf.dispose([first, second, noise] as tf.Variable[]);
  });

  it('refuses a function that creates variables at every call', () => {
    const before = Object.keys(tf.engine().registeredVariables).length;
    const made: tf.Variable[] = [];
    const { step } = compileQuietly((x: tf.Tensor) => {
      made.push(tf.variable(x));
      return tf.add(made.at(-1) as tf.Tensor, 1);
    });
    expect(() => step(tf.scalar(1))).toThrow(/creates variables at every call .*create them once/);
    tf.dispose(made);
    expect(Object.keys(tf.engine().registeredVariables).length).toBe(before);
  });

  it('refuses to dispose variables inside', () => {
    const gone = tf.variable(tf.scalar(1), true, 'going');
    const { step } = compileQuietly(() => {
      const result = tf.add(gone, 1);
      gone.dispose();
      return result;
    });
    expect(() => step()).toThrow(/disposes variables \(going\)/);
  });

  it('leaves variables as they were when tracing fails', () => {
    const weight = tf.variable(tf.scalar(3));
    const { step } = compileQuietly((x: tf.Tensor) => {
      weight.assign(tf.mul(weight, 2));
      return tf.reshape(x, [x.size + 1]);
    });
    expect(() => step(tf.scalar(1))).toThrow();
    expect(values(weight)).toEqual([3]);
    weight.dispose();
  });
});
