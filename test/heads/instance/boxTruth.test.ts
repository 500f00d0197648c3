import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../engine/random.js';
import { boxTruthLosses } from '../../../heads/instance/boxTruth.js';
import { alikePairs, endsOf, labOf, PAIRS } from '../../../heads/instance/colours.js';

describe('CIE L*a*b*', () => {
  it.each([
    [
      [255, 255, 255],
      [100, 0, 0],
    ],
    [
      [0, 0, 0],
      [0, 0, 0],
    ],
    [
      [255, 0, 0],
      [53.24, 80.09, 67.2],
    ],
    [
      [0, 128, 0],
      [46.23, -51.7, 49.9],
    ],
    [
      [0, 0, 255],
      [32.3, 79.19, -107.86],
    ],
    [
      [119, 119, 119],
      [50.03, 0, 0],
    ],
  ])('of RGB %j is %j', (rgb, expected) => {
    const found = tf.tidy(() => [...labOf(tf.tensor2d(rgb, [1, 3])).dataSync()]);
    for (const [i, value] of expected.entries()) expect(Math.abs(found[i]! - value)).toBeLessThan(0.05);
  });
});

describe('pairs of neighbours', () => {
  it('are two points apart in four directions', () => {
    tf.tidy(() => {
      const map = tf.tensor4d(
        Array.from({ length: 12 }, (_, i) => i),
        [1, 1, 3, 4],
      );
      const found = PAIRS.map((pair) => endsOf(map, pair).map((end) => [...end.dataSync()]));
      expect(found).toEqual([
        [
          [0, 1, 4, 5, 8, 9],
          [2, 3, 6, 7, 10, 11],
        ],
        [
          [2, 3],
          [8, 9],
        ],
        [
          [0, 1, 2, 3],
          [8, 9, 10, 11],
        ],
        [
          [0, 1],
          [10, 11],
        ],
      ]);
    });
  });

  it('are alike where their colours are, of images larger and smaller than the points', () => {
    tf.tidy(() => {
      // Two columns of black, two of white, each point the mean of two by two pixels.
      const rows = Array.from({ length: 6 }, () => [0, 0, 0, 0, 255, 255, 255, 255]);
      const pixels = tf.tensor4d(
        rows.flat().flatMap((value) => [value, value, value]),
        [1, 6, 8, 3],
      );
      const alike = [...alikePairs(pixels, [3, 4], 2, 0.3).dataSync()];
      expect(alike.slice(0, 12)).toEqual(Array(12).fill(0)); // beside each other: black and white
      expect(alike.slice(24, 36)).toEqual([1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0]); // below: the same, of the first row
      expect([...alikePairs(tf.zeros([2, 1, 1, 3]), [1, 1], 4, 0.3).dataSync()]).toEqual(Array(8).fill(0));
    });
  });
});

describe('what boxes say of masks', () => {
  const alike = (height: number, width: number) => alikePairs(tf.zeros([1, height, width, 3]), [height, width], 1, 0.3);
  const certain = (rows: readonly string[]) =>
    tf.tensor4d(
      rows.flatMap((row) => [...row].map((cell) => (cell === '#' ? 30 : -30))),
      [1, 1, rows.length, rows[0]!.length],
    );

  it('is kept by a mask that touches all sides of its box, and not by a smaller one', () => {
    tf.tidy(() => {
      const box = tf.tensor3d([1, 1, 4, 4], [1, 1, 4]);
      const whole = boxTruthLosses(certain(['.....', '..#..', '.###.', '..#..', '.....']), box, alike(5, 5), 1);
      expect(whole.projection.dataSync()[0]).toBeCloseTo(0, 5);
      const small = boxTruthLosses(certain(['.....', '.....', '..#..', '.....', '.....']), box, alike(5, 5), 1);
      expect(small.projection.dataSync()[0]).toBeCloseTo(2 * (1 - (2 * 1) / (1 + 3)), 5);
    });
  });

  it('counts neighbours of a colour that disagree, of those with an end in the box', () => {
    tf.tidy(() => {
      const box = tf.tensor3d([0, 0, 1, 3], [1, 1, 4]);
      // Points (0, 0) and (0, 2) are the only pair beside each other; below it the same in three rows; (0,0)-(2,0) and (0,0)-(2,2) and (0,2)-(2,0) ...
      const logits = tf.tensor4d([2, 0, -1, 0, 0, 0, 0, 0, 0], [1, 1, 3, 3]);
      const { pairs } = boxTruthLosses(logits, box, alike(3, 3), 1);
      const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
      const cost = (a: number, b: number): number =>
        -Math.log(sigmoid(a) * sigmoid(b) + (1 - sigmoid(a)) * (1 - sigmoid(b)));
      // beside: three rows of column 0 and 2; below: column 0; both diagonals
      const expected = [cost(2, -1), cost(0, 0), cost(0, 0), cost(2, 0), cost(2, 0), cost(-1, 0)];
      expect(pairs.dataSync()[0]).toBeCloseTo(expected.reduce((sum, each) => sum + each) / 6, 5);
    });
  });

  it('has the gradients of finite differences, and gives a box between the points a row and a column', () => {
    const random = createRandom([4]);
    const values = Array.from({ length: 2 * 5 * 6 }, () => random.normal());
    tf.tidy(() => {
      const boxes = tf.tensor3d([2, 3, 9, 8, 4.1, 4.1, 4.3, 4.4], [1, 2, 4]);
      const pixels = tf.tensor4d(
        Array.from({ length: 10 * 12 * 3 }, () => 60 * random.next()),
        [1, 10, 12, 3],
      );
      const pairs = alikePairs(pixels, [5, 6], 2, 0.3);
      const loss = (logits: tf.Tensor): tf.Tensor => {
        const { projection, pairs: colour } = boxTruthLosses(tf.reshape(logits, [1, 2, 5, 6]), boxes, pairs, 2);
        return tf.add(tf.sum(projection), tf.sum(colour));
      };
      const gradient = tf.grad(loss)(tf.tensor1d(values)).dataSync();
      const largest = Math.max(...gradient.map(Math.abs));
      expect(largest).toBeGreaterThan(0.01);
      for (let i = 0; i < values.length; i++) {
        const at = (step: number): number => loss(tf.tensor1d(values.with(i, values[i]! + step))).dataSync()[0]!;
        const slope = (at(2e-3) - at(-2e-3)) / 4e-3;
        expect(Math.abs(slope - gradient[i]!), `logit ${i}`).toBeLessThan(1e-3 + 0.02 * largest);
      }
    });
  });
});
