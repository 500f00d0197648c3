import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { compile } from '../../../../engine/compile.js';
import { compileQuietly, values } from './compiled.js';

describe('compile', () => {
  it('gives the result of the plain function', () => {
    const fn = (a: tf.Tensor, b: tf.Tensor) => tf.add(tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D), tf.scalar(1));
    const step = compile(fn);
    const a = tf.tensor2d([1, 2, 3, 4], [2, 2]);
    expect(values(step(a, a))).toEqual([8, 11, 16, 23]);
    expect(values(step(a, tf.eye(2)))).toEqual([2, 3, 4, 5]);
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
    expect(values(w)).toEqual([Math.fround(0.8), Math.fround(1.6)]);
    step(x);
    expect(w.dataSync()[0]).toBeCloseTo(0.64, 6);
    w.dispose();
  });

  it('takes and returns arrays and plain objects of tensors', () => {
    const step = compile(({ a, list }: { a: tf.Tensor; list: tf.Tensor[] }) => ({
      sum: tf.addN([a, ...list]),
      parts: [tf.neg(a), { last: tf.sqrt(list[1] as tf.Tensor) }],
    }));
    const result = step({ a: tf.tensor1d([1]), list: [tf.tensor1d([2]), tf.tensor1d([4])] });
    expect(values(result.sum)).toEqual([7]);
    expect(values(result.parts[0] as tf.Tensor)).toEqual([-1]);
    expect(values((result.parts[1] as { last: tf.Tensor }).last)).toEqual([2]);
  });

  it('runs off the event loop, one call of a function after the other', async () => {
    const count = tf.variable(tf.scalar(0));
    const step = compile((x: tf.Tensor) => {
      count.assign(tf.add(count, tf.mean(tf.matMul(x as tf.Tensor2D, x as tf.Tensor2D))));
      return tf.clone(count);
    });
    const x = tf.ones([64, 64]);
    const calls = [step.async(x), step.async(x), step.async(x)];
    expect(() => step(x)).toThrow(/asynchronous call of it is under way/);
    x.dispose();
    const results = await Promise.all(calls);
    expect(results.map((result) => result.dataSync()[0])).toEqual([64, 128, 192]);
    count.dispose();
  });

  it('leaves no tensor behind, and none of its own after disposal', () => {
    const before = tf.memory().numTensors;
    const step = compile((x: tf.Tensor) => ({ a: tf.mul(x, 2), b: [tf.sum(x)] }), { mixedPrecision: 'f16' });
    const x = tf.ones([3]);
    tf.dispose(step(x));
    x.dispose();
    step.dispose();
    expect(tf.memory().numTensors).toBe(before);
    expect(() => step(tf.scalar(1))).toThrow(/was disposed/);
  });

  it('is a part of what is around it: of another compiled function, of a gradient, of a tidy', () => {
    const square = compile((x: tf.Tensor) => tf.square(x));
    const outer = compile((x: tf.Tensor) => tf.add(square(x), 1));
    expect(values(outer(tf.tensor1d([3])))).toEqual([10]);
    expect(values(tf.grad((x: tf.Tensor) => tf.sum(square(x)))(tf.tensor1d([3])))).toEqual([6]);
    const before = tf.memory().numTensors;
    const kept = tf.tidy(() => {
      const inTidy = compile((x: tf.Tensor) => tf.square(tf.add(x, tf.tensor1d([1, 1]))));
      inTidy(tf.tensor1d([1, 2]));
      return inTidy(tf.tensor1d([2, 3]));
    });
    expect(values(kept)).toEqual([9, 16]);
    expect(tf.memory().numTensors).toBe(before + 1);
  });

  it('keeps tensors made outside for as long as it lives', () => {
    const table = tf.tensor1d(Float32Array.from({ length: 50_000 }, (_, i) => i));
    const step = compile((i: tf.Tensor) => tf.gather(table, i as tf.Tensor1D));
    const index = tf.tensor1d([7, 49_999], 'int32');
    expect(values(step(index))).toEqual([7, 49_999]);
    table.dispose();
    expect(values(step(index))).toEqual([7, 49_999]);
    step.dispose();
  });

  it('traces once a signature, with a logged reason, and forgets the one not used for longest', () => {
    let traces = 0;
    const { step, log } = compileQuietly(
      ({ x }: { x: tf.Tensor }) => {
        traces++;
        return tf.sum(x);
      },
      { name: 'summing' },
    );
    step({ x: tf.ones([2]) });
    step({ x: tf.ones([2]) });
    expect([traces, log]).toEqual([1, []]);
    step({ x: tf.ones([2, 3]) });
    step({ x: tf.ones([2, 3], 'int32') });
    expect(log).toEqual([
      'summing: traced again: argument 0.x was float32[2], is float32[2,3]',
      'summing: traced again: argument 0.x was float32[2,3], is int32[2,3]',
    ]);
    for (let size = 10; size < 23; size++) step({ x: tf.ones([size]) });
    expect(log.filter((line) => line.includes('more than 16'))).toEqual([]);
    step({ x: tf.ones([2]) });
    step({ x: tf.ones([23]) });
    expect(log.at(-1)).toBe('summing: more than 16 signatures: the trace for float32[2,3] is freed');
    expect(traces).toBe(17);
    step({ x: tf.ones([2]) });
    expect(traces).toBe(17);
  });

  it('traces again when the structure changes or a variable it uses is gone', () => {
    const { step, log } = compileQuietly((x: tf.Tensor | tf.Tensor[]) => tf.addN(x instanceof tf.Tensor ? [x] : x));
    step(tf.scalar(1));
    step([tf.scalar(1), tf.scalar(2)]);
    expect(log[0]).toMatch(/the arguments have another structure: \[0\], now \[\[0,1\]\]/);

    let held = tf.variable(tf.scalar(1), true, 'held_first');
    const uses = compileQuietly(() => tf.add(held, 1));
    uses.step();
    held.dispose();
    held = tf.variable(tf.scalar(5), true, 'held_second');
    expect(values(uses.step())).toEqual([6]);
    expect(uses.log[0]).toMatch(/variables it uses were disposed: held_first/);
    held.dispose();
  });

  it('bakes weights in as constants when asked to', () => {
    const weight = tf.variable(tf.scalar(2));
    const step = compile((x: tf.Tensor) => tf.mul(x, weight), { constants: true });
    expect(values(step(tf.scalar(3)))).toEqual([6]);
    weight.assign(tf.scalar(100));
    expect(values(step(tf.scalar(3)))).toEqual([6]);
    weight.dispose();
  });
});
