import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { estimateMemory, requireMemory } from '../../../../engine/tensorflow/memory/memory.js';
import { compileQuietly } from '../trace/compiled.js';

describe('the estimate of memory', () => {
  /** Square roots of a product: the product dies at once, the first operand is the caller's. */
  const { step } = compileQuietly((x: tf.Tensor) =>
    tf.sum(tf.sqrt(tf.matMul(x as tf.Tensor2D, x as tf.Tensor2D, true))),
  );

  it('counts what is alive at once, works in place, and executes nothing', () => {
    const x = tf.zeros<tf.Rank.R2>([100, 2000]);
    const { neededBytes } = estimateMemory(step, x);
    const product = 2000 * 2000 * 4; // [2000, 2000] float32, whose square root overwrites it
    expect(neededBytes / (1.28 * product)).toBeGreaterThan(1);
    expect(neededBytes / (1.28 * product)).toBeLessThan(1.1);
    x.dispose();
  });

  it('refuses a batch that does not fit, and names the largest that does', () => {
    const argsOf = (batch: number) => [tf.zeros<tf.Rank.R2>([4, 100 * batch])] as [tf.Tensor];
    const before = tf.memory().numTensors;
    const room = estimateMemory(step, ...argsOf(7)).neededBytes;
    expect(requireMemory(step, argsOf, 7, room).neededBytes).toBe(room);
    expect(() => requireMemory(step, argsOf, 64, room)).toThrow(
      /a step of batch 64 needs 0\.2 GiB more, .* batch 7 fits/,
    );
    expect(() => requireMemory(step, argsOf, 64, 1000)).toThrow(/not even a batch of 1 fits/);
    expect(tf.memory().numTensors).toBe(before + 1); // the one of this test's own estimate
  });
});
