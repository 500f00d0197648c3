import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { EngineError } from '../../../engine/errors.js';
import { conv2d, depthwiseConv2d, groupConv2d } from '../../../engine/kernels/index.js';
import { isWithoutValues, placeholder, withoutValues } from '../../../engine/shapes/shapes.js';

const LAYOUT = { stride: [2, 2], padding: [1, 1, 1, 1] } as const;

describe('a run without values', () => {
  it('gives the shapes of what it runs, and counts multiply-accumulates', () => {
    const { result, operations } = withoutValues(() =>
      tf.tidy(() => {
        const x = placeholder<tf.Rank.R4>([1, 9, 12, 8]);
        const wide = conv2d(x, tf.fill([3, 3, 8, 16], 0), LAYOUT); // [1, 5, 6, 16]
        const deep = depthwiseConv2d(wide, tf.fill([3, 3, 16, 1], 0), { ...LAYOUT, stride: [1, 1], dilation: [2, 2] });
        const groups = groupConv2d(deep, tf.fill([1, 1, 4, 8], 0), 4, { stride: [1, 1], padding: 'same' });
        return [wide, deep, groups].map(({ shape }) => shape);
      }),
    );
    expect(result).toEqual([
      [1, 5, 6, 16],
      [1, 3, 4, 16],
      [1, 3, 4, 8],
    ]);
    const macs = operations.reduce((sum, operation) => sum + operation.macs, 0);
    expect(macs).toBe(5 * 6 * 16 * 9 * 8 + 3 * 4 * 16 * 9 + 3 * 4 * 8 * 4);
  });

  it('agrees with the engine on the shapes of many ops', () => {
    const run = (x: tf.Tensor4D): number[][] => {
      const halves = tf.split(x, 2, 3);
      const rows = tf.reshape(x, [-1, 4]);
      return [
        ...[tf.maxPool(x, 3, 2, 'same'), tf.avgPool(x, 2, 2, 'valid'), tf.mean(x, [1, 2]), tf.mean(x, [1, 2], true)],
        ...[tf.concat(halves, 0), tf.transpose(x, [0, 3, 1, 2]), tf.slice(x, [0, 1, 0, 2], [-1, 2, -1, 1])],
        ...[tf.matMul(rows, rows, false, true), tf.softmax(rows), tf.tile(rows, [2, 3]), tf.expandDims(rows, -1)],
        ...[tf.add(x, tf.fill([4], 1)), tf.cast(tf.greater(x, 0), 'float32'), tf.sum(rows)],
      ].map(({ shape }) => [...shape]);
    };
    const real = tf.tidy(() => run(tf.ones([2, 5, 6, 4])));
    expect(withoutValues(() => tf.tidy(() => run(placeholder<tf.Rank.R4>([2, 5, 6, 4])))).result).toEqual(real);
  });

  it('refuses to give a value, and leaves the engine as it was', () => {
    const before = [tf.getBackend(), tf.memory().numTensors];
    expect(() => withoutValues(() => tf.tidy(() => tf.fill([2], 1).dataSync()))).toThrow(EngineError);
    expect(() => placeholder([1])).toThrow(EngineError);
    expect([tf.getBackend(), tf.memory().numTensors]).toEqual(before);
    expect(isWithoutValues()).toBe(false);
    expect(tf.tidy(() => tf.add(1, 1).dataSync()[0])).toBe(2);
  });

  it('frees the variables that are left, as of a network that could not be built', () => {
    const before = [Object.keys(tf.engine().registeredVariables), tf.memory().numTensors];
    const leave = (): number => {
      tf.variable(placeholder<tf.Rank.R1>([7]));
      throw new EngineError('on the way');
    };
    expect(() => withoutValues(() => tf.tidy(leave))).toThrow('on the way');
    withoutValues(() =>
      tf.tidy(() => [tf.variable(placeholder<tf.Rank.R1>([3])), tf.variable(tf.fill([2], 0))].length),
    );
    expect([Object.keys(tf.engine().registeredVariables), tf.memory().numTensors]).toEqual(before);
  });
});
