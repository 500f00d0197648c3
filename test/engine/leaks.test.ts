import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { createLeakGuard } from '../../engine/leaks.js';

describe('the leak guard', () => {
  it('names the calls whose tensors stay alive, and how many', () => {
    const guard = createLeakGuard();
    const kept: tf.Tensor[] = [];
    const step = (): void => {
      const x = tf.ones([4]);
      kept.push(tf.mul(x, 2), tf.mul(x, 3), tf.square(x));
      x.dispose();
      guard.step();
    };
    step();
    step();
    expect(step).toThrow(
      /^\d+ tensors more stay alive after each step, made: 1 by tf\.mul at .*leaks\.test\.ts:\d+:\d+; 1 by tf\.mul at .*1 by tf\.square at/,
    );
    tf.dispose(kept);
  });

  it('lets pass what is disposed later, and slots that are made once', () => {
    const guard = createLeakGuard();
    const adam = tf.train.adam(0.1);
    const w = tf.variable(tf.scalar(1));
    let before: tf.Tensor | null = null;
    for (let i = 0; i < 8; i++) {
      const loss = adam.minimize(() => tf.square(w) as tf.Scalar, true);
      before?.dispose(); // the last loss is kept for one step
      before = loss;
      guard.step();
    }
    guard.dispose();
    adam.dispose();
    tf.dispose([w, before as unknown as tf.Tensor]);
    const made = tf.memory().numTensors;
    tf.tidy(() => void tf.add(1, 1));
    expect(tf.memory().numTensors).toBe(made);
  });
});
