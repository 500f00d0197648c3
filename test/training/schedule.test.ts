import { describe, expect, test } from 'vitest';
import { createSchedule, scaleLearningRate } from '../../training/schedule.js';

describe('createSchedule', () => {
  const schedule = createSchedule({ learningRate: 0.8, warmupSteps: 4, totalSteps: 12 });

  test('rises linearly to the learning rate during the warm-up', () => {
    [0.2, 0.4, 0.6, 0.8].forEach((rate, step) => {
      expect(schedule(step)).toBeCloseTo(rate, 12);
    });
  });

  test('falls along half a cosine afterwards', () => {
    expect(schedule(4)).toBeCloseTo(0.8, 12);
    expect(schedule(6)).toBeCloseTo(0.8 * 0.5 * (1 + Math.SQRT1_2), 12);
    expect(schedule(8)).toBeCloseTo(0.4, 12);
    expect(schedule(10)).toBeCloseTo(0.8 * 0.5 * (1 - Math.SQRT1_2), 12);
  });

  test('ends at the final fraction and stays there', () => {
    expect(schedule(12)).toBeCloseTo(0, 12);
    expect(schedule(500)).toBeCloseTo(0, 12);
    const floored = createSchedule({ learningRate: 0.8, warmupSteps: 0, totalSteps: 10, finalRate: 0.1 });
    expect(floored(0)).toBeCloseTo(0.8, 12);
    expect(floored(5)).toBeCloseTo(0.8 * 0.55, 12);
    expect(floored(10)).toBeCloseTo(0.08, 12);
  });

  test('never rises after the warm-up', () => {
    const rates = Array.from({ length: 9 }, (_, i) => schedule(i + 4));
    expect(rates).toEqual([...rates].sort((a, b) => b - a));
  });

  test('a warm-up longer than the run reaches the rate at its last step', () => {
    const short = createSchedule({ learningRate: 1, warmupSteps: 100, totalSteps: 4 });
    expect([0, 1, 2, 3].map(short)).toEqual([0.25, 0.5, 0.75, 1]);
  });

  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('refuses a learning rate of %f', (learningRate) => {
    expect(() => createSchedule({ learningRate, warmupSteps: 1, totalSteps: 2 })).toThrow(/give a number above 0/);
  });

  test('refuses a run of no steps', () => {
    expect(() => createSchedule({ learningRate: 1, warmupSteps: 0, totalSteps: 0 })).toThrow(/whole numbers/);
  });
});

test('scaleLearningRate is proportional to the batch', () => {
  expect(scaleLearningRate(0.08, 4, 64)).toBeCloseTo(0.005, 12);
  expect(scaleLearningRate(0.08, 64, 64)).toBe(0.08);
});
