import * as tf from '@tensorflow/tfjs';
import { afterEach, describe, expect, it } from 'vitest';
import { EngineError } from '../../../engine/errors.js';
import { bytesOf, hollow } from '../../../engine/shapes/bytes.js';

afterEach(() => tf.disposeVariables());

/** Bytes without the allowance for an engine's own kernels. */
const plain = (run: () => void): number => bytesOf(run) / 1.28;
const FLOAT = 4;

describe('the bytes of a function that is run on shapes', () => {
  it('are what it keeps at one time; views and clones share memory, what is freed counts no more', () => {
    const x = tf.ones([10, 100]);
    const squares = () => {
      const once = tf.square(x);
      const again = tf.reshape(tf.clone(once), [1000]);
      return [once, again, tf.square(again)];
    };
    expect(plain(squares)).toBeCloseTo(2 * 1000 * FLOAT, -1);
    const freed = () => {
      for (let i = 0; i < 5; i++) tf.tidy(() => void tf.square(tf.square(x)));
    };
    expect(plain(freed)).toBeCloseTo(2 * 1000 * FLOAT, -1);
    x.dispose();
  });

  it('grow with shapes that take no memory themselves', () => {
    const one = tf.scalar(0);
    const before = tf.memory().numTensors;
    const images = hollow(one, [1000, 1000, 1000]);
    expect(plain(() => void tf.square(images))).toBeCloseTo(1e9 * FLOAT, -2);
    images.dispose();
    expect(tf.memory().numTensors).toBe(before);
    expect(one.dataSync()[0]).toBe(0);
    one.dispose();
  });

  it('are those of gradients and updates, which change no variable and leave no tensor', () => {
    const variable = tf.variable(tf.tensor1d([1, 2, 3]));
    const before = tf.memory();
    const bytes = bytesOf(() => {
      const { value, grads } = tf.variableGrads(() => tf.sum(tf.square(variable)) as tf.Scalar);
      variable.assign(tf.sub(variable, grads[variable.name] as tf.Tensor1D));
      value.dispose();
    });
    expect(bytes).toBeGreaterThan(3 * FLOAT);
    expect([...variable.dataSync()]).toEqual([1, 2, 3]);
    expect([tf.memory().numTensors, tf.memory().numBytes]).toEqual([before.numTensors, before.numBytes]);
  });

  it('are not known of a function that reads values or makes variables; then nothing has changed', () => {
    const variable = tf.variable(tf.scalar(5));
    expect(() => bytesOf(() => void tf.square(variable).dataSync())).toThrow(EngineError);
    expect(() => bytesOf(() => void tf.variable(tf.scalar(1)))).toThrow(/call it once before/);
    expect(Object.values(tf.engine().registeredVariables)).toEqual([variable]);
    const second = tf.variable(tf.scalar(6));
    expect([variable.dataSync()[0], second.dataSync()[0]]).toEqual([5, 6]);
  });
});
