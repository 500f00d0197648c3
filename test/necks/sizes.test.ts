import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { type FeatureSpec, levelsOf, mapSize, windowed } from '../../backbones/index.js';
import { createRetinaHead } from '../../heads/index.js';
import { createBiFPN, createChannelMapper, createFPN, createNasFPN, createPAN } from '../../necks/index.js';
import { resampleTo } from '../../necks/resample.js';

/** Windows of 3 cells at every second one, without padding: 299 pixels give 35, 17 and 8 cells, as in Inception-v3. */
const floored = windowed(3, 2, 0);
const cellsAt = (level: number, pixels: number): number =>
  Array.from({ length: level - 3 }).reduce<number>(floored, Math.floor((pixels - 19) / 8));
const features = Object.fromEntries(
  [3, 4, 5].map((level) => [
    `P${level}`,
    {
      channels: 4 * level,
      stride: 2 ** level,
      tap: `stage${level}`,
      sizeOf: (height: number, width: number) => [cellsAt(level, height), cellsAt(level, width)] as const,
    },
  ]),
) as unknown as FeatureSpec<'P3' | 'P4' | 'P5'>;

const PIXELS = [299, 203] as const;
const LEVELS = ['P3', 'P4', 'P5', 'P6', 'P7'] as const;

describe('a pyramid on maps that do not halve by rounding up', () => {
  const sizes = [
    [35, 23],
    [17, 11],
    [8, 5],
    [4, 3],
    [2, 2],
  ];

  it.each([
    ['a BiFPN', () => createBiFPN({ levels: LEVELS, channels: 8, repeats: 2 }, features)],
    ['an FPN', () => createFPN({ levels: LEVELS, channels: 8 }, features)],
    ['a PAN', () => createPAN({ levels: LEVELS, channels: 8 }, features)],
    ['a NAS-FPN', () => createNasFPN({ levels: LEVELS, channels: 8, repeats: 2 }, features)],
    ['a channel mapper', () => createChannelMapper({ levels: LEVELS, channels: 8 }, features)],
  ])('of %s has the sizes of the maps it gets, on every level', (_, create) => {
    const neck = create();
    expect(LEVELS.map((level) => mapSize(neck.features[level], ...PIXELS))).toEqual(sizes);
    expect(LEVELS.map((level) => neck.features[level].stride)).toEqual([8, 16, 32, 64, 128]);
    tf.tidy(() => {
      const map = (level: 'P3' | 'P4' | 'P5') =>
        tf.randomNormal<tf.Rank.R4>(
          [1, ...mapSize(features[level], ...PIXELS), features[level].channels],
          0,
          1,
          'float32',
          3,
        );
      const maps = neck.forward({ P3: map('P3'), P4: map('P4'), P5: map('P5') }, { training: false });
      expect(levelsOf(neck.features).map((level) => maps[level].shape)).toEqual(sizes.map((size) => [1, ...size, 8]));
    });
    neck.dispose();
  });

  it('is what a detector has its anchors on', () => {
    const neck = createBiFPN({ levels: LEVELS, channels: 8, repeats: 1, seed: 1 }, features);
    const head = createRetinaHead({ classes: 2, inputSize: PIXELS, repeats: 1 }, neck.features);
    const anchors = 9 * sizes.reduce((sum, [height = 0, width = 0]) => sum + height * width, 0);
    tf.tidy(() => {
      const maps = Object.fromEntries(LEVELS.map((level, i) => [level, tf.zeros([1, ...(sizes[i] ?? []), 8])]));
      const raw = head.forward(maps as { [L in (typeof LEVELS)[number]]: tf.Tensor4D }, { training: false });
      expect(raw.logits.shape).toEqual([1, anchors, 2]);
    });
    head.dispose();
    neck.dispose();
  });
});

describe('bringing a map to a coarser grid', () => {
  const line = (cells: number, to: number): number[] =>
    tf.tidy(() => [...resampleTo(tf.reshape(tf.range(0, cells), [1, cells, 1, 1]), to, 1).dataSync()]);

  it.each([
    [6, 3, [2, 4, 5], 'SAME padding: windows of 3, the last pads one cell'],
    [7, 4, [1, 3, 5, 6], 'SAME padding on both sides'],
    [9, 4, [2, 4, 6, 8], 'windows of 3 at every second cell cover all nine'],
    [8, 5, [3, 4, 5, 6, 7], 'windows of 4 at every cell cover all eight'],
  ])('takes %i cells to %i', (from, to, expected) => {
    expect(line(from, to)).toEqual(expected);
  });
});
