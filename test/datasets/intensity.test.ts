import { expect, test } from 'vitest';
import { caseStatistics, percentiles } from '../../datasets/caseStatistics.js';
import { prepareImage } from '../../datasets/intensity.js';
import { intensityRule } from '../../datasets/intensityRule.js';

/** Figures of numpy 2: mean, std and percentile of these values. */
const VALUES = Int16Array.from({ length: 60 }, (_, i) => ([3, 8, 9].includes(i) ? 0 : ((i * 37) % 101) - 20));

test('the figures of a case are those of numpy', () => {
  const { channels, cropped } = caseStatistics(VALUES, { width: 10, height: 3, depth: 2, channels: 1 });
  const [found] = channels;
  expect(found?.least).toBe(-20);
  expect(found?.most).toBe(80);
  expect(found?.mean).toBeCloseTo(28.283333333333335, 10);
  expect(found?.std).toBeCloseTo(28.746067363882815, 10);
  expect(found?.low).toBeCloseTo(-19.41, 10);
  expect(found?.high).toBeCloseTo(79.115, 10);
  expect(found?.nonZero.mean).toBeCloseTo(30.303571428571427, 10);
  expect(found?.nonZero.std).toBeCloseTo(28.707838428639974, 10);
  expect(cropped).toBe(1);
});

test('what is cropped is the box of what is not zero in any channel', () => {
  const data = new Uint16Array(4 * 5 * 3 * 2);
  data[(1 * 20 + 2 * 4 + 1) * 2 + 1] = 5;
  data[(2 * 20 + 3 * 4 + 3) * 2] = 5;
  expect(caseStatistics(data, { width: 4, height: 5, depth: 3, channels: 2 }).cropped).toBeCloseTo(
    (3 * 2 * 2) / 60,
    12,
  );
  expect(caseStatistics(new Uint8Array(4), { width: 2, height: 2, depth: 1, channels: 1 }).cropped).toBe(1);
});

test('values that are no numbers are left out of the figures, and become the mean', () => {
  const data = Float32Array.of(1, Number.NaN, 3, Number.POSITIVE_INFINITY);
  const { channels } = caseStatistics(data, { width: 2, height: 2, depth: 1, channels: 1 });
  expect(channels[0]).toMatchObject({ least: 1, most: 3, mean: 2, std: 1 });
  expect([...prepareImage({ data, width: 2, height: 2 }, 'zscore').data]).toEqual([-1, 0, 1, 0]);
  const nothing = caseStatistics(new Float32Array(4).fill(Number.NaN), { width: 2, height: 2, depth: 1, channels: 1 });
  expect(nothing.channels[0]?.mean).toBe(0);
});

test('z-scores are of the case, and outside the mask they stay zero', () => {
  const image = { data: Int16Array.of(0, 10, 20, 30), width: 2, height: 2 };
  const statistics = {
    channels: [{ least: 0, most: 90, mean: 20, std: 10, low: 10, high: 20, nonZero: { mean: 30, std: 5 } }],
    cropped: 0.5,
  };
  expect([...prepareImage({ ...image, statistics }, 'zscore').data]).toEqual([-2, -1, 0, 1]);
  expect([...prepareImage({ ...image, statistics }, 'masked-zscore').data]).toEqual([0, -4, -2, 0]);
  expect([...prepareImage({ ...image, statistics }, 'percentile').data]).toEqual([0, 0, 255, 255]);
  expect(prepareImage(image, null)).toBe(image);
  expect([...prepareImage({ data: Uint8Array.of(7), width: 1, height: 1 }, 'zscore').data]).toEqual([0]);
});

test('percentiles lie between neighbours', () => {
  expect(percentiles(Float64Array.of(4, 1, 3, 2), [0, 0.5, 1])).toEqual([1, 2.5, 4]);
});

test('a window has a width', () => {
  expect(intensityRule.parse({ window: [40, 400] })).toEqual({ window: [40, 400] });
  for (const bad of [{ window: [40, 0] }, { window: [1] }, 'bone', { window: [1, 2], more: 1 }]) {
    expect(intensityRule.safeParse(bad).success).toBe(false);
  }
});
