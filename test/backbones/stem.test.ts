import { describe, expect, it } from 'vitest';
import { IMAGENET } from '../../backbones/backbone.js';
import { foldPreprocessing, foldStem } from '../../backbones/stem.js';
import { WeightsError } from '../../engine/errors.js';

/** One filter of 1x2 pixels: red 1 2, green 3 4, blue 5 6. */
const rgb = new Map([
  ['conv1.weight', { dtype: 'F32', shape: [1, 3, 1, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6) }],
  ['bn1.weight', { dtype: 'F32', shape: [1], data: Float32Array.of(7) }],
] as const);

describe('folding the first convolution', () => {
  it('sums the kernels for one channel', () => {
    const folded = foldStem(rgb, 'conv1', 1);
    expect(folded.get('conv1.weight')).toEqual({ dtype: 'F32', shape: [1, 1, 1, 2], data: Float32Array.of(9, 12) });
    expect(folded.get('bn1.weight')).toBe(rgb.get('bn1.weight'));
  });

  it('repeats and scales them for more, and for two', () => {
    const five = foldStem(rgb, 'conv1', 5).get('conv1.weight');
    expect(five?.shape).toEqual([1, 5, 1, 2]);
    expect(five?.data).toEqual(Float32Array.from([1, 2, 3, 4, 5, 6, 1, 2, 3, 4], (value) => value * (3 / 5)));
    expect(foldStem(rgb, 'conv1', 2).get('conv1.weight')?.data).toEqual(Float32Array.of(1.5, 3, 4.5, 6));
  });

  it('leaves weights that fit alone, and refuses others', () => {
    expect(foldStem(rgb, 'conv1', 3)).toBe(rgb);
    expect(() => foldStem(rgb, 'conv_stem', 1)).toThrow(WeightsError);
    expect(() => foldStem(foldStem(rgb, 'conv1', 4), 'conv1', 1)).toThrow(/only RGB weights/);
  });
});

describe('folding what the weights expect of each channel', () => {
  it('takes the mean for one channel, and the values in turn for others', () => {
    const given = { channels: 'RGB', mean: [10, 20, 60], std: [1, 2, 6] } as const;
    expect(foldPreprocessing(given, 1)).toEqual({ channels: 'RGB', mean: [30], std: [3] });
    expect(foldPreprocessing(given, 2)).toEqual({ channels: 'RGB', mean: [10, 20], std: [1, 2] });
    expect(foldPreprocessing(given, 4)).toEqual({ channels: 'RGB', mean: [10, 20, 60, 10], std: [1, 2, 6, 1] });
    expect(foldPreprocessing(IMAGENET, 3)).toBe(IMAGENET);
  });
});
