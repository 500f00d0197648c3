import * as tf from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { createRandom } from '../../engine/random.js';
import { adviseRate, hasDiverged, sweptRate } from '../../training/rateSweep.js';
import { sweepRates } from '../../training/run/sweep.js';
import { createTinyLoader, createTinyModel, TINY_OPTIONS } from './run/tinyRun.js';

const RANGE = { from: 1e-6, to: 1, steps: 121 }; // twenty steps a decade
const rates = Array.from({ length: RANGE.steps }, (_, step) => sweptRate(step, RANGE));

test('rates have one factor from step to step, from the first to the last', () => {
  expect(rates[0]).toBe(1e-6);
  expect(rates[60]).toBeCloseTo(1e-3, 12);
  expect(rates[120]).toBeCloseTo(1, 12);
});

/** Falls around 1e-3, rises beyond 0.1. */
const lossAt = (rate: number): number =>
  2 - 1 / (1 + Math.exp(-4 * (Math.log10(rate) + 3))) + Math.max(0, Math.log10(rate) + 1) ** 2;

test('a loss that falls around 0.001 advises that rate, also where it jumps', () => {
  const smooth = adviseRate(rates.map((rate) => ({ rate, loss: lossAt(rate) })));
  expect(Math.log10(smooth.suggestion ?? 0)).toBeCloseTo(-3, 1);
  expect(smooth.least).toBeGreaterThan(0.02);
  expect(smooth.least).toBeLessThan(0.2);
  const random = createRandom([1]);
  const noisy = adviseRate(rates.map((rate) => ({ rate, loss: lossAt(rate) + 0.02 * random.normal() })));
  expect(Math.abs(Math.log10(noisy.suggestion ?? 0) + 3)).toBeLessThan(0.4);
});

test('batches that differ do not make the first steps look steep', () => {
  // A sweep of a detector on drawn cells, batches of four: it falls from 0.002 on, and diverges at 0.3.
  const losses = [
    5.538, 5.475, 4.733, 4.815, 4.877, 5.137, 5.821, 5.256, 4.976, 5.722, 5.37, 5.622, 4.8, 5.727, 4.386, 5.48, 5.547,
    4.633, 4.901, 4.839, 4.227, 4.098, 4.147, 3.744, 3.159, 3.089, 2.743, 3.258, 2.584, 3.176, 2.939, 3.871, 3.325,
    4.084, 3.15, 10.431,
  ];
  const range = { from: 1e-5, to: 1, steps: 40 };
  const advice = adviseRate(losses.map((loss, step) => ({ rate: sweptRate(step, range), loss })));
  expect(advice.suggestion).toBeGreaterThan(0.004);
  expect(advice.suggestion).toBeLessThan(0.02);
  expect(advice.least).toBeGreaterThan(0.02);
});

test('a straight line is smoothed to itself', () => {
  const { points } = adviseRate(rates.map((rate, i) => ({ rate, loss: 5 - 0.01 * i })));
  points.forEach(({ loss, smooth }) => {
    expect(smooth).toBeCloseTo(loss, 9);
  });
});

test('a loss that falls nowhere advises nothing', () => {
  expect(adviseRate(rates.map((rate) => ({ rate, loss: 1 }))).suggestion).toBeNull();
  expect(adviseRate([]).suggestion).toBeNull();
});

test('four times the least loss, or none that is a number, is the end', () => {
  const even = Array(10).fill(1);
  expect(hasDiverged([...even, 3.9])).toBe(false);
  expect(hasDiverged([...even, 4.1])).toBe(true);
  expect(hasDiverged([1, 5])).toBe(false);
  expect(hasDiverged([1, Number.NaN])).toBe(true);
});

test('a sweep that is aborted ends with the steps so far, and frees the batch that was fetched', async () => {
  const loader = createTinyLoader();
  const controller = new AbortController();
  const model = createTinyModel();
  const swept = await sweepRates(
    { model, loader, options: TINY_OPTIONS, signal: controller.signal },
    { from: 1e-4, to: 1e-3, steps: 20 },
    (_, step) => step === 3 && controller.abort('SIGINT'),
  );
  expect([swept.length, loader.open()]).toEqual([3, 0]);
});

test('a sweep of a network learns, diverges and leaves nothing behind', async () => {
  const loader = createTinyLoader();
  const options = { ...TINY_OPTIONS, optimizer: 'sgd', clipNorm: null } as const;
  const told: number[] = [];
  const range = { from: 1e-3, to: 1e4, steps: 80 };
  const model = createTinyModel();
  const before = tf.memory().numTensors;
  const swept = await sweepRates({ model, loader, options }, range, (_, step) => told.push(step));
  expect(swept.length).toBeGreaterThan(20);
  expect(told.length).toBeLessThan(80);
  expect(swept.map(({ rate }) => rate)).toEqual(swept.map((_, step) => sweptRate(step, range)));
  const { suggestion } = adviseRate(swept);
  expect(suggestion).toBeGreaterThan(1e-3);
  expect(suggestion).toBeLessThan(100);
  expect([loader.open(), tf.memory().numTensors]).toEqual([0, before]);
});
