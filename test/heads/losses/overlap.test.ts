import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../engine/random.js';
import { binaryCrossEntropyLoss } from '../../../heads/losses/binaryCrossEntropy.js';
import { diceLoss } from '../../../heads/losses/dice.js';
import { lovaszLoss } from '../../../heads/losses/lovasz.js';
import type { LossTerm } from '../../../heads/losses/term.js';
import { tverskyLoss } from '../../../heads/losses/tversky.js';

const scalar = ({ sums, value }: LossTerm): number => value(sums).dataSync()[0] as number;
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const entropy = (x: number, isTrue: number): number => -Math.log(isTrue ? sigmoid(x) : 1 - sigmoid(x));

/** Two images of two pixels, two classes: sets {a}, {a, b}, {}, ignored. */
const logits = () =>
  tf.tensor3d([
    [
      [1, -2],
      [0.5, 3],
    ],
    [
      [-1, 0.25],
      [7, 7],
    ],
  ]);
const labels = () => tf.tensor2d([1, 3, 0, -1], [2, 2], 'int32');
const pairs = [
  [1, 1, -2, 0],
  [0.5, 1, 3, 1],
  [-1, 0, 0.25, 0],
] as const;

describe('losses of classes that overlap', () => {
  it('cross-entropy is the mean over labelled pixels and classes, weighted, or of the hardest', () => {
    const of = pairs.map(([a, isA, b, isB]) => [entropy(a, isA), entropy(b, isB)] as const);
    const all = of.reduce((sum, [a, b]) => sum + a + b, 0);
    const found = (share: number, weights: readonly number[] | null) =>
      tf.tidy(() => scalar(binaryCrossEntropyLoss(logits(), labels(), { share, weights })));
    expect(found(1, null)).toBeCloseTo(all / 6, 6);
    expect(found(1, [1, 3])).toBeCloseTo(of.reduce((sum, [a, b]) => sum + a + 3 * b, 0) / 12, 6);
    const hardest = [Math.max(...of.slice(0, 2).map(([a, b]) => a + b)), of[2]![0] + of[2]![1]];
    expect(found(0.5, null)).toBeCloseTo((hardest[0]! + hardest[1]!) / 4, 6);
  });

  it('Dice and Tversky take sigmoids of each class over the labelled pixels', () => {
    const ofClass = (k: 0 | 1) => {
      const rows = pairs.map((pair) => ({ p: sigmoid(pair[2 * k] as number), t: pair[2 * k + 1] as number }));
      const sum = (f: (row: (typeof rows)[number]) => number) => rows.reduce((total, row) => total + f(row), 0);
      return { overlap: sum(({ p, t }) => p * t), size: sum(({ p, t }) => p + t) };
    };
    const dice = ([0, 1] as const).map((k) => 1 - (2 * ofClass(k).overlap + 2) / (ofClass(k).size + 2));
    tf.tidy(() => {
      const options = { overlaps: true } as const;
      expect(scalar(diceLoss(logits(), labels(), 1, options))).toBeCloseTo((dice[0]! + dice[1]!) / 2, 6);
      const even = { ...options, falsePositives: 0.5, falseNegatives: 0.5, smooth: 1 };
      expect(scalar(tverskyLoss(logits(), labels(), even))).toBeCloseTo((dice[0]! + dice[1]!) / 2, 6);
    });
  });

  it('is 0 of Lovasz where all is right and sure, and 1 where all is wrong', () => {
    tf.tidy(() => {
      const sure = tf.tensor3d([
        [
          [30, -30],
          [30, 30],
          [-30, -30],
        ],
      ]);
      const truth = tf.tensor2d([1, 3, 0], [1, 3], 'int32');
      expect(scalar(lovaszLoss(sure, truth, { overlaps: true }))).toBeCloseTo(0, 6);
      expect(scalar(lovaszLoss(tf.neg(sure), truth, { overlaps: true }))).toBeCloseTo(1, 6);
    });
  });

  it('does not see what ignored pixels were answered, and slopes are those of finite differences', () => {
    const random = createRandom([4]);
    const truth = Array.from({ length: 8 }, (_, i) => (i === 3 ? -1 : random.integer(4)));
    const start = Float32Array.from({ length: 16 }, () => random.normal());
    const losses = [
      (x: tf.Tensor, t: tf.Tensor) => binaryCrossEntropyLoss(x, t, { share: 1, weights: null }),
      (x: tf.Tensor, t: tf.Tensor) => diceLoss(x, t, 1, { overlaps: true }),
      (x: tf.Tensor, t: tf.Tensor) => lovaszLoss(x, t, { overlaps: true }),
    ];
    for (const loss of losses) {
      tf.tidy(() => {
        const t = tf.tensor2d(truth, [1, 8], 'int32');
        const at = (values: Float32Array): tf.Scalar => {
          const { sums, value } = loss(tf.tensor3d(values, [1, 8, 2]), t);
          return value(sums);
        };
        const slope = tf.grad((x: tf.Tensor) => {
          const { sums, value } = loss(x, t);
          return value(sums);
        })(tf.tensor3d(start, [1, 8, 2]));
        const slopes = slope.dataSync();
        expect([slopes[6], slopes[7]]).toEqual([0, 0]);
        for (const i of [0, 5, 13]) {
          const moved = (by: number): number => at(start.map((v, k) => (k === i ? v + by : v))).dataSync()[0] as number;
          expect(slopes[i]).toBeCloseTo((moved(1e-2) - moved(-1e-2)) / 2e-2, 3);
        }
      });
    }
  });
});
