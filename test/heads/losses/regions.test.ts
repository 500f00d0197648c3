import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../engine/random.js';
import { boundaryLoss } from '../../../heads/losses/boundary.js';
import { crossEntropyLoss } from '../../../heads/losses/crossEntropy.js';
import { diceLoss } from '../../../heads/losses/dice.js';
import { hardestCrossEntropyLoss } from '../../../heads/losses/hardest.js';
import { lovaszLoss } from '../../../heads/losses/lovasz.js';
import type { RegionOptions } from '../../../heads/losses/overlap.js';
import type { LossTerm } from '../../../heads/losses/term.js';
import { tverskyLoss } from '../../../heads/losses/tversky.js';
import { signedDistances } from '../../../heads/semantic/signedDistances.js';
import { golden } from '../../data.js';

/** bench/peers/recordLosses.py */
interface Entry {
  readonly name: 'dice' | 'tversky' | 'lovasz' | 'boundary' | 'hardest';
  readonly lib: string;
  readonly args: RegionOptions & {
    readonly alpha: number;
    readonly beta: number;
    readonly smooth: number;
    readonly share: number;
  };
  /** [N, K, H, W]. */
  readonly shape: readonly [number, number, number, number];
  readonly logits: readonly number[];
  /** [N, H, W], 255: ignored. */
  readonly labels: readonly number[];
  readonly value: number;
  readonly gradient: readonly number[];
}

const { entries } = golden<{ entries: readonly Entry[] }>('heads/semanticLosses.json.gz');
const value = ({ sums, value: of }: LossTerm): tf.Scalar => of(sums);

/** [N, H, W] labels -> [N, HW, K] signed distances, as the encoder writes them. */
function distancesOf(labels: readonly number[], [N, K, H, W]: Entry['shape']): tf.Tensor3D {
  const area = H * W;
  const maps = Array.from({ length: N * K }, (_, i) =>
    signedDistances(labels.slice(Math.floor(i / K) * area, Math.floor(i / K) * area + area), i % K, [H, W]),
  );
  return tf.tensor3d(
    Float32Array.from({ length: N * area * K }, (_, i) => {
      const [n, at, k] = [Math.floor(i / (area * K)), Math.floor(i / K) % area, i % K];
      return maps[n * K + k]![at]!;
    }),
    [N, area, K],
  );
}

/** The recorded loss of logits [N, HW, K]. */
function lossOf({ name, args, labels, shape }: Entry): (logits: tf.Tensor) => LossTerm {
  const truth = tf.tensor2d(
    labels.map((label) => (label === 255 ? -1 : label)),
    [shape[0], shape[2] * shape[3]],
    'int32',
  );
  const tversky = { falsePositives: args.alpha, falseNegatives: args.beta };
  const losses = {
    dice: (x: tf.Tensor) => diceLoss(x, truth, args.smooth, args),
    tversky: (x: tf.Tensor) => tverskyLoss(x, truth, { ...args, ...tversky }),
    lovasz: (x: tf.Tensor) => lovaszLoss(x, truth, args),
    boundary: (x: tf.Tensor) => boundaryLoss(x, truth, distancesOf(labels, shape)),
    hardest: (x: tf.Tensor) => hardestCrossEntropyLoss(x, truth, { share: args.share, weights: null }),
  };
  return losses[name];
}

const rows = (x: tf.Tensor, [N, K]: Entry['shape']) => tf.reshape(tf.transpose(x, [0, 2, 3, 1]), [N, -1, K]);
const title = ({ name, lib, shape, args }: Entry): string => `${name} of ${lib}, [${shape}] ${JSON.stringify(args)}`;

describe('losses of class maps as other libraries compute them, value and gradient', () => {
  it.each(entries.map((entry, i) => [`${i}: ${title(entry)}`, entry] as const))('%s', (_, entry) => {
    tf.tidy(() => {
      const logits = tf.tensor4d([...entry.logits], [...entry.shape]);
      const loss = (x: tf.Tensor) => value(lossOf(entry)(rows(x, entry.shape)));
      const { value: found, grad } = tf.valueAndGrad(loss)(logits);
      expect(Math.abs(found.dataSync()[0]! - entry.value)).toBeLessThan(2e-6 * Math.max(1, Math.abs(entry.value)));
      const largest = Math.max(...entry.gradient.map(Math.abs));
      grad.dataSync().forEach((slope, i) => {
        expect(Math.abs(slope - entry.gradient[i]!)).toBeLessThan(3e-6 * Math.max(0.1, largest));
      });
    });
  });
});

/** Softmax gives these probabilities. */
const logitsOf = (...probabilities: readonly (readonly number[])[]) =>
  tf.tensor2d(
    probabilities.map((row) => row.map(Math.log)),
    [probabilities.length, probabilities[0]!.length],
  );
const labelled = (...labels: readonly number[]) => tf.tensor1d([...labels], 'int32');
const number = (term: LossTerm): number => value(term).dataSync()[0]!;

describe('worked by hand', () => {
  // three pixels of classes 0, 0, 1 that are answered 0.8, 0.4 and 0.7 right
  const pixels = () => logitsOf([0.8, 0.2], [0.4, 0.6], [0.3, 0.7]);
  const truth = () => labelled(0, 0, 1);

  it('Tversky, and its power', () => {
    tf.tidy(() => {
      // class 0: found 1.2, too much 0.3, missed 0.8; class 1: 0.7, 0.8, 0.3
      const losses = [1 - 1.2 / (1.2 + 0.2 * 0.3 + 0.9 * 0.8), 1 - 0.7 / (0.7 + 0.2 * 0.8 + 0.9 * 0.3)];
      const options = { falsePositives: 0.2, falseNegatives: 0.9, smooth: 0 };
      const mean = (power: number) => losses.reduce((sum, loss) => sum + loss ** power / 2, 0);
      expect(number(tverskyLoss(pixels(), truth(), options))).toBeCloseTo(mean(1), 6);
      expect(number(tverskyLoss(pixels(), truth(), { ...options, power: 0.75 }))).toBeCloseTo(mean(0.75), 6);
      expect(number(tverskyLoss(pixels(), truth(), { ...options, background: false }))).toBeCloseTo(losses[1]!, 6);
    });
  });

  it('Lovasz: errors in order, each times what it costs in IoU', () => {
    tf.tidy(() => {
      // class 0, errors 0.6 (of it), 0.3 (not), 0.2 (of it): IoU 1/2, then 1/3, then 0
      const first = 0.6 * 0.5 + 0.3 * (1 / 2 - 1 / 3) + 0.2 * (1 / 3);
      // class 1, errors 0.6 (not), 0.3 (of it), 0.2 (not): IoU 1/2, then 0
      const second = 0.6 * 0.5 + 0.3 * 0.5;
      expect(number(lovaszLoss(pixels(), truth()))).toBeCloseTo((first + second) / 2, 6);
      expect(number(lovaszLoss(pixels(), truth(), { background: false }))).toBeCloseTo(second, 6);
    });
  });

  it('the hardest half, ties included', () => {
    tf.tidy(() => {
      const loss = (share: number, weights: readonly number[] | null = null) =>
        number(hardestCrossEntropyLoss(pixels(), truth(), { share, weights }));
      expect(loss(0.3)).toBeCloseTo(-Math.log(0.4), 6);
      expect(loss(0.5)).toBeCloseTo(-(Math.log(0.4) + Math.log(0.7)) / 2, 6);
      // class 1 weighs ten times as much, and is hardest then
      expect(loss(0.3, [1, 10])).toBeCloseTo(-Math.log(0.7), 6);
      const even = tf.zeros<tf.Rank.R2>([4, 2]);
      expect(number(hardestCrossEntropyLoss(even, labelled(0, 1, -1, 1), { share: 0.25, weights: null }))).toBeCloseTo(
        Math.log(2),
        6,
      );
      expect(loss(1)).toBeCloseTo(number(crossEntropyLoss(pixels(), truth(), null)), 6);
    });
  });

  it('distances to a boundary between pixels, and the loss that they weigh', () => {
    expect([...signedDistances([0, 0, 1, 1, 1], 1, [1, 5])]).toEqual([1.5, 0.5, -0.5, -1.5, -2.5]);
    expect([...signedDistances([1, 1], 1, [1, 2])]).toEqual([0, 0]);
    expect([...signedDistances([1, 1], 0, [1, 2])]).toEqual([0, 0]);
    expect(signedDistances([1, 0, 0, 0], 1, [2, 2])[3]).toBeCloseTo(Math.SQRT2 - 0.5, 6);
    tf.tidy(() => {
      const distances = distancesOf([0, 0, 1], [1, 2, 1, 3]);
      // class 0: -1.5, -0.5, 0.5; class 1: 1.5, 0.5, -0.5
      const expected = (0.8 * -1.5 + 0.2 * 1.5 + 0.4 * -0.5 + 0.6 * 0.5 + 0.3 * 0.5 + 0.7 * -0.5) / 3;
      expect(number(boundaryLoss(pixels(), truth(), distances))).toBeCloseTo(expected, 6);
      const foreground = (0.2 * 1.5 + 0.6 * 0.5 + 0.7 * -0.5) / 3;
      expect(number(boundaryLoss(pixels(), truth(), distances, { background: false }))).toBeCloseTo(foreground, 6);
    });
  });
});

const N = 2;
const R = 7;
const K = 3;
const random = createRandom([77]);
const values = Array.from({ length: N * R * K }, () => 2 * random.normal());
const classes = () => tf.tensor2d([0, 1, 2, -1, 1, 0, 2, 2, 2, 1, 0, -1, 1, 0], [N, R], 'int32');
const maps = () =>
  tf.tensor3d(
    Float32Array.from({ length: N * R * K }, (_, i) => ((i * 7) % 5) - 2),
    [N, R, K],
  );
const ALL: readonly (readonly [string, (x: tf.Tensor, labels: tf.Tensor, distances: tf.Tensor) => LossTerm])[] = [
  ['Dice over images', (x, t) => diceLoss(x, t, 0.5, { over: 'sample' })],
  ['Dice without background', (x, t) => diceLoss(x, t, 1, { background: false })],
  ['Tversky', (x, t) => tverskyLoss(x, t, { falsePositives: 0.3, falseNegatives: 0.7, smooth: 1 })],
  ['focal Tversky', (x, t) => tverskyLoss(x, t, { falsePositives: 0.3, falseNegatives: 0.7, smooth: 0, power: 0.75 })],
  ['Lovasz', (x, t) => lovaszLoss(x, t)],
  ['Lovasz over images', (x, t) => lovaszLoss(x, t, { over: 'sample' })],
  ['boundary', (x, t, distances) => boundaryLoss(x, t, distances)],
  ['hardest', (x, t) => hardestCrossEntropyLoss(x, t, { share: 0.4, weights: [1, 2, 0.5] })],
];

describe.each(ALL)('%s', (_, loss) => {
  const shaped = (x: tf.Tensor) => tf.reshape(x, [N, R, K]);

  it('has the gradient of its finite differences', () => {
    tf.tidy(() => {
      const total = (x: tf.Tensor) => value(loss(shaped(x), classes(), maps()));
      const gradient = tf.grad(total)(tf.tensor1d(values)).dataSync();
      const step = 5e-3;
      values.forEach((each, i) => {
        const at = (shift: number) => total(tf.tensor1d(values.with(i, each + shift))).dataSync()[0]!;
        const slope = (at(step) - at(-step)) / (2 * step);
        expect(Math.abs(gradient[i]! - slope)).toBeLessThan(1e-3); // float32 values over a step of 0.01
      });
    });
  });

  it('does not see what is ignored, and is 0 with its gradient where everything is', () => {
    tf.tidy(() => {
      const total = (x: tf.Tensor) => value(loss(shaped(x), classes(), maps()));
      const gradient = tf.grad(total)(tf.tensor1d(values)).dataSync();
      const hidden = [3 * K, 3 * K + 1, (R + 4) * K + 2]; // pixels 3 and, of the second image, 4
      expect(hidden.map((i) => Math.abs(gradient[i]!))).toEqual([0, 0, 0]);
      const loud = values.with(hidden[0]!, 50).with(hidden[2]!, -50);
      expect(total(tf.tensor1d(loud)).dataSync()[0]).toBe(total(tf.tensor1d(values)).dataSync()[0]);
      const nothing = (x: tf.Tensor) => value(loss(shaped(x), tf.fill([N, R], -1, 'int32'), maps()));
      expect(Math.abs(nothing(tf.tensor1d(values)).dataSync()[0]!)).toBeLessThan(1e-5);
      const slopes = tf.grad(nothing)(tf.tensor1d(values)).dataSync();
      expect(Math.max(...slopes.map(Math.abs))).toBe(0);
    });
  });
});

describe('over images', () => {
  it('adds up over parts of the batch, as processes of a cluster need it', () => {
    tf.tidy(() => {
      const x = tf.tensor3d(values, [N, R, K]);
      for (const [name, loss] of ALL) {
        if (name === 'Lovasz') continue; // sorts what a process has
        const whole = loss(x, classes(), maps());
        const parts = [0, 1].map((n) => {
          const [logits, labels, distances] = [x, classes(), maps()].map((each) => tf.slice(each, n, 1));
          return loss(logits!, labels!, distances!);
        });
        const added = whole.sums.map((_, i) => tf.add(parts[0]!.sums[i]!, parts[1]!.sums[i]!));
        expect(whole.value(added).dataSync()[0], name).toBeCloseTo(number(whole), 5);
      }
    });
  });
});
