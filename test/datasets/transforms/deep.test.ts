import { expect, test } from 'vitest';
import type { PixelData, Pixels } from '../../../datasets/sample.js';
import { changeIntensity } from '../../../datasets/transforms/intensity.js';
import { letterbox } from '../../../datasets/transforms/letterbox.js';
import { warpImage } from '../../../datasets/transforms/warp.js';
import { createRandom } from '../../../engine/random.js';

const SIZES = [
  [1, 1],
  [7, 5],
  [23, 40],
] as const;

const noise = (width: number, height: number, channels: number, most: number): number[] => {
  const random = createRandom([width, height, channels]);
  return Array.from({ length: width * height * channels }, () => random.integer(most + 1));
};

const warp = (image: Pixels, into: PixelData, size: readonly [number, number], fill: readonly number[]): PixelData => {
  warpImage(image, [1.7, 0, -2, 0, 0.6, 1.5], into, size, fill);
  return into;
};

test('values of 16 bits are resampled as those of 8, 256 times as finely', () => {
  for (const [width, height] of SIZES) {
    const eight = noise(width, height, 3, 255);
    const plain = warp(
      { data: Uint8Array.from(eight), width, height },
      new Uint8Array(20 * 24 * 3),
      [20, 24],
      [9, 9, 9],
    );
    const deep = Uint16Array.from(eight, (value) => value * 256);
    const fine = warp({ data: deep, width, height }, new Uint16Array(20 * 24 * 3), [20, 24], [2304, 2304, 2304]);
    // The 8-bit way rounds after each axis: at most one level apart.
    for (let i = 0; i < plain.length; i++)
      expect(Math.abs((fine[i] as number) / 256 - (plain[i] as number))).toBeLessThan(1.01);
  }
});

test('each of five channels is resampled as it would be alone, negative values included', () => {
  const [width, height, channels] = [9, 6, 5];
  const values = noise(width, height, channels, 4000).map((value) => value - 2000);
  const image = { data: Int16Array.from(values), width, height };
  const all = warp(image, new Int16Array(12 * 10 * channels), [12, 10], [-7, -6, -5, -4, -3]);
  for (let c = 0; c < channels; c++) {
    const data = Int16Array.from({ length: width * height }, (_, i) => values[i * channels + c] as number);
    const one = warp({ data, width, height }, new Int16Array(12 * 10), [12, 10], [c - 7]);
    expect([...one]).toEqual(Array.from({ length: 120 }, (_, i) => all[i * channels + c]));
  }
});

test('at its own size an image of any type keeps its values', () => {
  for (const data of [
    Uint16Array.of(0, 65_535, 1),
    Int16Array.of(-32_768, 32_767, 0),
    Float32Array.of(-1.5, 1e9, 2e-8),
  ]) {
    const laid = letterbox({ data, width: 3, height: 1 }, [2, 4], [0]);
    expect(laid.data.constructor).toBe(data.constructor);
    expect([...laid.data.subarray(0, 3)]).not.toEqual([...data]); // 4 / 3 as large
    const own = letterbox({ data, width: 3, height: 1 }, [1, 3], [0]);
    expect([...own.data]).toEqual([...data]);
  }
});

test('whole numbers go into a batch of floats unrounded', () => {
  const laid = letterbox({ data: Int16Array.of(0, 1), width: 2, height: 1 }, [2, 4], [0.25], 'float32');
  expect([...laid.data]).toEqual([0, 0.25, 0.75, 1, 0, 0.25, 0.75, 1]);
});

test('contrast spreads about the mean of a region, brightness shifts by parts of the spread, and types clip', () => {
  const pixels = Int16Array.of(-1000, 0, 1000, 77);
  const region = { left: 0, top: 0, right: 3, bottom: 1 };
  changeIntensity(pixels, 4, region, { contrast: 1.5, brightness: 1.1 }, [500]);
  expect([...pixels]).toEqual([-1450, 50, 1550, 77]);
  changeIntensity(pixels, 4, region, { contrast: 40, brightness: 1 }, [500]);
  expect([...pixels]).toEqual([-32_768, 50, 32_767, 77]);
});
