import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { compile } from '../../../engine/compile.js';
import {
  dropChannels,
  dropout,
  dropPath,
  foldSeed,
  statelessNormal,
  statelessUniform,
} from '../../../engine/kernels/index.js';

const seedOf = (first: number, second: number): tf.Tensor1D => tf.tensor1d([first, second], 'int32');
const draw = (make: typeof statelessUniform, shape: number[], first: number, second: number): Float32Array =>
  make(shape, seedOf(first, second)).dataSync() as Float32Array;

describe('statelessUniform', () => {
  it('gives the bits of tf.random.stateless_uniform of TensorFlow 2.21 on every engine', () => {
    const steps = (first: number, second: number): number[] =>
      Array.from(draw(statelessUniform, [7], first, second), (value) => value * 2 ** 23);
    expect(steps(1, 2)).toEqual([7080492, 1610993, 8356926, 1345427, 2281619, 5447109, 897115]);
    expect(steps(-5, 2147483647)).toEqual([4236775, 7203071, 3790235, 5553182, 7160465, 5614918, 2898250]);
  });

  it('is uniform: mean, variance, and each of 64 bins within 5 deviations', () => {
    const values = draw(statelessUniform, [40, 1000], 3, 4);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(5 * Math.sqrt(1 / 12 / values.length));
    const bins = new Array<number>(64).fill(0);
    for (const value of values) bins[Math.floor(value * 64)]! += 1;
    for (const count of bins) expect(Math.abs(count - 625)).toBeLessThan(5 * Math.sqrt(625));
  });

  it('draws anew for another seed, step or place, and the same for the same', () => {
    const seeds = [seedOf(1, 1), seedOf(2, 1), seedOf(1, 2), foldSeed(seedOf(1, 1), 1), foldSeed(seedOf(1, 1), 2)];
    const drawn = seeds.map((seed) => Array.from(statelessUniform([4], seed).dataSync()).join());
    expect(new Set(drawn).size).toBe(5);
    expect(Array.from(draw(statelessUniform, [4], 1, 1)).join()).toBe(drawn[0]);
  });

  it('takes its seed as an argument of a compiled function', () => {
    const compiled = compile((seed: tf.Tensor) => statelessUniform([2, 3], foldSeed(seed, 5)));
    for (const step of [1, 2]) {
      const plain = statelessUniform([2, 3], foldSeed(seedOf(9, step), 5));
      expect(compiled(seedOf(9, step)).arraySync()).toEqual(plain.arraySync());
    }
    compiled.dispose();
  });

  it('draws nothing for an empty shape, and refuses a seed that is not two integers', () => {
    expect(statelessUniform([0, 3], seedOf(1, 2)).shape).toEqual([0, 3]);
    expect(() => statelessUniform([2], tf.tensor1d([1, 2]))).toThrow('two int32');
    expect(() => statelessUniform([2], tf.tensor1d([1], 'int32'))).toThrow('[1] of int32');
  });
});

describe('statelessNormal', () => {
  it('gives the same bits on every engine', () => {
    const bits = new Uint32Array(draw(statelessNormal, [5], 1, 2).slice().buffer);
    expect(Array.from(bits)).toEqual([1065447900, 3210662264, 1076558554, 3212717188, 3206240143]);
  });

  it('is standard normal: moments and tail shares of 200 000 values', () => {
    const values = draw(statelessNormal, [200_000], 11, 12);
    const moment = (power: number): number => values.reduce((sum, value) => sum + value ** power, 0) / values.length;
    expect(Math.abs(moment(1))).toBeLessThan(0.01);
    expect(Math.abs(moment(2) - 1)).toBeLessThan(0.015);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.15);
    const beyond = (limit: number): number => values.filter((value) => Math.abs(value) > limit).length;
    expect(Math.abs(beyond(1.959964) - 10_000)).toBeLessThan(5 * Math.sqrt(10_000));
    expect(Math.abs(beyond(3.290527) - 200)).toBeLessThan(5 * Math.sqrt(200));
  });
});

describe('dropout', () => {
  it('drops the share asked for, scales the rest, and passes the gradient through the same mask', () => {
    const x = tf.fill([100, 100], 2);
    const seed = seedOf(5, 6);
    const values = dropout(x, 0.25, seed).dataSync();
    const dropped = values.filter((value) => value === 0).length;
    expect(Math.abs(dropped - 2500)).toBeLessThan(5 * Math.sqrt(10_000 * 0.25 * 0.75));
    for (const value of values) if (value !== 0) expect(value).toBeCloseTo(8 / 3, 6);
    const gradient = tf
      .grad((input) => tf.sum(dropout(input, 0.25, seed)))(x)
      .dataSync();
    gradient.forEach((slope, i) => {
      expect(slope).toBeCloseTo((values[i] as number) / 2, 6);
    });
  });

  it('drops whole channels of an image', () => {
    const values = tf.tidy(() =>
      dropChannels(tf.ones([8, 2, 3, 16]), 0.25, seedOf(7, 8)).arraySync(),
    ) as number[][][][];
    const channels = values.flatMap((image) =>
      Array.from({ length: 16 }, (_, c) => image.flat().map((cell) => cell[c])),
    );
    expect(channels.every((cells) => cells.every((value) => value === cells[0]))).toBe(true);
    const kept = channels.filter(([value]) => value !== 0);
    expect(kept.length).toBeGreaterThan(80);
    expect(kept.length).toBeLessThan(112);
    expect(kept[0]?.[0]).toBeCloseTo(4 / 3, 6);
  });

  it('drops whole samples along dropPath', () => {
    const values = dropPath(tf.ones([64, 2, 3]), 0.5, seedOf(7, 8)).dataSync();
    const samples = Array.from({ length: 64 }, (_, i) => new Set(values.slice(i * 6, i * 6 + 6)));
    for (const sample of samples) expect(sample.size).toBe(1);
    const kept = samples.filter((sample) => sample.has(2)).length;
    expect(kept).toBeGreaterThan(16);
    expect(kept).toBeLessThan(48);
  });

  it('gives x itself at a rate of 0, and refuses a rate of 1', () => {
    const x = tf.ones([2]);
    expect(dropout(x, 0, seedOf(1, 1))).toBe(x);
    expect(() => dropout(x, 1, seedOf(1, 1))).toThrow('rate of 1');
  });
});
