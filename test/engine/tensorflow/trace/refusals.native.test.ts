import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import type { Tree } from '../../../../engine/compile.js';
import { dropout, statelessNormal, statelessUniform } from '../../../../engine/kernels/index.js';
import { compileQuietly, values } from './compiled.js';

const x = (): tf.Tensor1D => tf.tensor1d([3, 1, 2, 2]);
const boxes = (): tf.Tensor2D => tf.tensor2d([0, 0, 1, 1, 0, 0, 1, 0.9], [2, 4]);

/** What a graph cannot do, and the call that the error has to name. */
const REFUSED: readonly (readonly [string, RegExp, (x: tf.Tensor) => unknown])[] = [
  ['dataSync', /tf\.dataSync at .*refusals.* reads a tensor's values/, (x) => tf.scalar(x.dataSync()[0] as number)],
  ['arraySync', /tf\.arraySync at .* reads a tensor's values/, (x) => tf.tensor(x.arraySync())],
  ['print', /tf\.print at .* reads a tensor's values/, (x) => void x.print()],
  ['data, although nobody awaits it', /tf\.data at .* reads a tensor's values/, (x) => [tf.neg(x), x.data()][0]],
  ['array', /tf\.array at .* reads a tensor's values/, (x) => [tf.neg(x), x.array()][0]],
  ['an asynchronous function', /is a promise: compile synchronous functions/, async (x) => tf.neg(x)],
  ['whereAsync', /tf\.whereAsync at .* reads a tensor's values/, (x) => tf.whereAsync(tf.greater(x, 1))],
  ['booleanMask', /tf\.booleanMaskAsync at .* reads/, (x) => tf.booleanMaskAsync(x, tf.greater(x, 1))],
  ['unique', /tf\.unique at .*UniqueV2 has a data-dependent shape/, (x) => tf.unique(x).values],
  [
    'nonMaxSuppression',
    /tf\.nonMaxSuppression at .*NonMaxSuppressionV3 has a data-dependent shape.*fixed shape/,
    (x) => tf.image.nonMaxSuppression(boxes(), tf.slice1d(x as tf.Tensor1D, 0, 2), 2),
  ],
  ['randomUniform', /tf\.randomUniform draws its numbers in JavaScript/, (x) => tf.add(x, tf.randomUniform([4]))],
  ['randomNormal', /tf\.randomNormal draws.*statelessNormal/, (x) => tf.add(x, tf.randomNormal([4]))],
  ['dropout', /tf\.dropout at .*tf\.randomUniform draws/, (x) => tf.dropout(x, 0.5)],
  [
    'dropout inside a function of that name',
    /tf\.randomUniform draws/,
    function dropout(x) {
      return tf.dropout(x, 0.5, undefined, 7);
    },
  ],
  ['rand', /tf\.rand draws/, (x) => tf.add(x, tf.rand([4], Math.random))],
  ['randomUniformInt', /randomUniform draws/, (x) => tf.add(x, tf.randomUniformInt([4], 0, 9))],
  ['randomGamma', /tf\.randomGamma draws/, (x) => tf.add(x, tf.randomGamma([4], 2))],
  ['truncatedNormal', /tf\.truncatedNormal draws/, (x) => tf.add(x, tf.truncatedNormal([4]))],
  ['a layer of noise', /draws its numbers/, (x) => tf.layers.gaussianNoise({ stddev: 1 }).apply(x, { training: true })],
  ['a result of nothing', /the result is undefined/, () => undefined],
  ['a number as a result', /the result a is the number 3: pass tf\.scalar\(3\)/, () => ({ a: 3 })],
];

describe('compile refuses', () => {
  it.each(REFUSED)('%s by name and line', (_, message, fn) => {
    const { step } = compileQuietly(fn as (x: tf.Tensor) => Tree);
    const before = tf.memory().numTensors;
    const input = x();
    expect(() => step(input)).toThrow(message);
    input.dispose();
    expect(tf.memory().numTensors).toBe(before);
    expect(values(tf.add(tf.scalar(1), 1))).toEqual([2]); // the engine goes on eagerly
  });

  it('arguments that are no tensors', () => {
    const { step } = compileQuietly((...all: tf.Tensor[]) => all[0] as tf.Tensor);
    expect(() => step(...([{ a: [5] }] as unknown as tf.Tensor[]))).toThrow(/argument 0\.a\.0 is the number 5/);
    expect(() => step(...([new Map()] as unknown as tf.Tensor[]))).toThrow(
      /argument 0 is a object|argument 0 is an? object/,
    );
  });

  it('threads other than those the engine was opened with, naming both', () => {
    expect(() => compileQuietly((a: tf.Tensor) => a, { threads: 999 })).toThrow(
      /options\.threads is 999, but TensorFlow was opened with \d+: call await ready/,
    );
  });

  it('.async() inside another compiled function', () => {
    const inner = compileQuietly((a: tf.Tensor) => tf.neg(a)).step;
    const { step } = compileQuietly((a: tf.Tensor) => {
      void inner.async(a);
      return a;
    });
    expect(() => step(tf.scalar(1))).toThrow(/call it without \.async/);
  });

  it('shapes that do not fit, naming the call', () => {
    const { step } = compileQuietly((a: tf.Tensor, b: tf.Tensor) => tf.concat([tf.neg(a), tf.neg(b)], 0));
    expect(() => step(tf.ones([2, 3]), tf.ones([2, 4]))).toThrow(/concat/i);
  });
});

describe('compile takes functions of the names of tfjs', () => {
  const seed = tf.keep(tf.tensor1d([1, 2], 'int32'));
  const own = {
    rand: (x: tf.Tensor) => tf.add(x, tf.tensor1d([1, 2, 3, 4])),
    dropout: (x: tf.Tensor) => tf.mul(x, tf.tensor1d([2, 2, 2, 2])),
    randomUniform: (x: tf.Tensor) => tf.add(x, statelessUniform([4], seed)),
    randomNormal: (x: tf.Tensor) => tf.add(x, statelessNormal([4], seed)),
    truncatedNormal: (x: tf.Tensor) => dropout(x, 0.5, seed),
    randomGamma: (x: tf.Tensor) => tf.tidy('rand', () => tf.add(x, tf.tensor1d([1, 2, 3, 4]))),
  };

  it.each(Object.entries(own))('%s', (name, fn) => {
    expect(fn.name).toBe(name);
    const { step } = compileQuietly(fn);
    const input = x();
    expect(values(step(input))).toEqual(values(fn(input)));
    step.dispose();
  });
});

describe('an error while a graph runs', () => {
  it('names the tfjs call that made the op, and its line', async () => {
    const { step } = compileQuietly((i: tf.Tensor) => tf.relu(tf.gather(tf.tensor1d([1, 2, 3]), i as tf.Tensor1D)));
    expect(values(step(tf.tensor1d([2, 0], 'int32')))).toEqual([3, 1]);
    const bad = tf.tensor1d([2, 9], 'int32');
    const message = /tf\.gather at .*refusals\.native\.test\.ts:\d+:\d+: .*9 is not in \[0, 3\)/s;
    expect(() => step(bad)).toThrow(message);
    await expect(step.async(bad)).rejects.toThrow(message);
    expect(values(step(tf.tensor1d([1, 1], 'int32')))).toEqual([2, 2]);
  });
});
