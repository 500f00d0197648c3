import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';

const x = (): tf.Tensor => tf.reshape(tf.range(0, 60), [5, 4, 3]);
const numbers = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => from + i);

describe('slices', () => {
  it.each([
    ['rows', [1, 0, 0], [2, 4, 3], numbers(12, 24)],
    ['rows to the end', [3, 0, 0], [-1, -1, -1], numbers(36, 24)],
    ['a part of one row', [4, 1, 0], [1, 2, 3], numbers(51, 6)],
    ['a column', [0, 2, 1], [5, 1, 1], [7, 19, 31, 43, 55]],
    ['nothing', [5, 0, 0], [0, 4, 3], []],
  ])('take %s', (_, begin, size, expected) => {
    expect([...tf.slice(x(), begin, size).dataSync()]).toEqual(expected);
  });

  it.each(['float32', 'int32', 'bool'] as const)('keep %s', (dtype) => {
    const values = tf.cast(tf.tensor1d([0, 1, 1, 0, 1]), dtype);
    const part = tf.slice1d(values as tf.Tensor1D, 1, 3);
    expect([part.dtype, ...part.dataSync()]).toEqual([dtype, 1, 1, 0]);
  });

  it('split the first axis, equally and by sizes, and any other', () => {
    expect(tf.split(x(), [1, 0, 4]).map((part) => [part.shape[0], ...part.dataSync().slice(0, 2)])).toEqual([
      [1, 0, 1],
      [0],
      [4, 12, 13],
    ]);
    expect(tf.split(x(), 5).map((part) => part.dataSync()[0])).toEqual([0, 12, 24, 36, 48]);
    expect(tf.split(x(), [1, 2], 2).map((part) => [...part.shape, ...part.dataSync().slice(0, 3)])).toEqual([
      [5, 4, 1, 0, 3, 6],
      [5, 4, 2, 1, 2, 4],
    ]);
  });

  it('refuse what lies outside', () => {
    expect(() => tf.slice(x(), [4, 0, 0], [2, 4, 3])).toThrow(/size\[0\]/);
  });
});
