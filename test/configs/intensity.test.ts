import { expect, test } from 'vitest';
import { IMAGENET } from '../../backbones/backbone.js';
import { describeIntensity, intensityOf } from '../../configs/intensity.js';
import type { Dataset, DeepImages } from '../../datasets/dataset.js';
import type { CaseStatistics, Sample } from '../../datasets/sample.js';

const statistics = (least: number, most: number, cropped = 1): CaseStatistics => ({
  channels: [{ least, most, mean: 0, std: 1, low: least, high: most, nonZero: { mean: 0, std: 1 } }],
  cropped,
});
const GREY = { channels: 'RGB', mean: [127.5], std: [255] } as const;

function datasetWith(rule: DeepImages['rule'], samples: readonly Sample[]): Dataset {
  return {
    labels: {
      classes: [
        { id: 0, name: 'background' },
        { id: 1, name: 'cord' },
      ],
    },
    size: samples.length,
    entries: [],
    warnings: [],
    source: 'drawn',
    deep: { type: 'int16', channels: 1, rule },
    get: async (index) => samples[index] as Sample,
    async *[Symbol.asyncIterator]() {
      yield* samples;
    },
  };
}

const sample = (data: readonly number[], mask: readonly number[], found = statistics(-5, 5)): Sample => ({
  id: 'a',
  image: { data: Int16Array.from(data), width: data.length, height: 1, statistics: found },
  truth: { kind: 'classMap', mask: Uint8Array.from(mask), width: data.length, height: 1 },
});

test('ct is the mean and deviation of what has a class, clipped to its percentiles', async () => {
  const samples = [sample([-1000, 10, 20], [0, 1, 1]), sample([30, 999, 5], [1, 255, 0])];
  const found = await intensityOf(datasetWith('ct', samples), GREY);
  // numpy: percentile([10, 20, 30], [0.5, 99.5]) = 10.1, 29.9; mean 20, std 8.16496580927726
  expect(found.mean).toEqual([20]);
  expect(found.std[0]).toBeCloseTo(8.16496580927726, 10);
  expect(found.clip?.[0]?.[0]).toBeCloseTo(10.1, 10);
  expect(found.clip?.[0]?.[1]).toBeCloseTo(29.9, 10);
  expect(found.depth).toBe('own');
  await expect(intensityOf(datasetWith('ct', [sample([1], [0])]), GREY)).rejects.toThrow('use zscore');
});

test('a window or range is seen as the weights saw 0 to 255', async () => {
  const windowed = await intensityOf(datasetWith({ window: [40, 400] }, []), GREY);
  expect(windowed).toEqual({ channels: 'RGB', depth: 'own', clip: [[-160, 240]], mean: [40], std: [400] });
  const range = await intensityOf(datasetWith('range', [sample([1], [0]), sample([1], [0], statistics(-20, 3))]), GREY);
  expect(range.clip).toEqual([[-20, 5]]);
  expect(range.mean).toEqual([-7.5]);
});

test('z-scores leave out zeros where cropping leaves less than three quarters of the median case', async () => {
  const of = (...shares: readonly number[]) =>
    intensityOf(
      datasetWith(
        'zscore',
        shares.map((share) => sample([1], [0], statistics(0, 1, share))),
      ),
      GREY,
    );
  expect((await of(0.9, 0.8, 0.2)).perImage).toBe('zscore');
  expect((await of(0.9, 0.7, 0.2)).perImage).toBe('masked-zscore');
  expect((await of(0.8, 0.6)).perImage).toBe('masked-zscore'); // numpy: median([0.8, 0.6]) = 0.7
});

test('weights of other intensities start from those of ImageNet, and images for the eye need none', async () => {
  const stored = { channels: 'RGB', depth: 'own', mean: [-900, 1, 2], std: [1, 2, 3], clip: [[0, 1]] } as const;
  const { deep: _, ...eye } = datasetWith('none', []);
  expect(await intensityOf(eye, stored)).toEqual(IMAGENET);
  expect(await intensityOf(eye, GREY)).toBe(GREY);
  expect((await intensityOf(datasetWith('none', []), GREY)).mean).toEqual([0]);
});

test('people are told the rule and its figures', async () => {
  const deep: DeepImages = { type: 'int16', channels: 1, rule: { window: [40, 400] } };
  const found = await intensityOf(datasetWith(deep.rule, []), GREY);
  expect(describeIntensity(deep, found)).toBe(
    'window 40 400 (int16, 1 channel): clipped to -160 to 240, mean 40, std 400',
  );
});
