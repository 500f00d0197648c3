import { describe, expect, it } from 'vitest';
import type { RgbPixels } from '../../../datasets/sample.js';
import { centreCrop, resizeBicubic } from '../../../tools/classify/bicubic.js';
import { best, squareOf } from '../../../tools/classify/classify.js';

/** Grey values by row. */
const grey = (rows: readonly (readonly number[])[]): RgbPixels => ({
  data: Uint8Array.from(rows.flat().flatMap((value) => [value, value, value])),
  width: rows[0]?.length ?? 0,
  height: rows.length,
});
const values = ({ data }: RgbPixels): number[] => [...data].filter((_, index) => index % 3 === 0);

describe('bicubic resizing', () => {
  it('keeps an image of the same size', () => {
    const image = grey([
      [1, 200, 3],
      [40, 50, 60],
    ]);
    expect(resizeBicubic(image, 3, 2)).toEqual(image);
  });

  it('keeps a constant, also at the borders', () => {
    const image = grey(Array.from({ length: 9 }, () => Array<number>(7).fill(77)));
    expect(new Set(values(resizeBicubic(image, 13, 4)))).toEqual(new Set([77]));
  });

  it('halves a step with the weights worked out by hand', () => {
    // Factor 2: output i is centred at 2 i + 1 and reaches 4 source pixels to both sides. Weights by distance:
    // 0.5 pixels 0.8671875, 1.5 0.2265625, 2.5 -0.0703125, 3.5 -0.0234375; what lies outside the row is left out.
    const [a, b, c, d] = [0.8671875, 0.2265625, -0.0703125, -0.0234375];
    const second = (100 * (b + c + d)) / (2 * a + 2 * b + 2 * c + d);
    const last = (100 * (2 * a + b + c)) / (2 * a + b + c + d);
    expect([Math.round(second), Math.round(last)]).toEqual([7, 101]);
    const row = [0, 0, 0, 0, 100, 100, 100, 100];
    expect(values(resizeBicubic(grey([row]), 4, 1))).toEqual([0, 7, 93, 101]);
  });

  it('agrees with a plain convolution at every pixel when shrinking by 2.5', () => {
    const inputs = 25;
    const row = Array.from({ length: inputs }, (_, i) => (i * 97 + 31) % 256);
    const kernel = (d: number): number => {
      const x = Math.abs(d);
      if (x < 1) return 1.5 * x ** 3 - 2.5 * x ** 2 + 1;
      return x < 2 ? -0.5 * x ** 3 + 2.5 * x ** 2 - 4 * x + 2 : 0;
    };
    const expected = Array.from({ length: 10 }, (_, i) => {
      let sum = 0;
      let total = 0;
      for (let j = 0; j < inputs; j++) {
        const weight = kernel((j + 0.5 - (i + 0.5) * 2.5) / 2.5);
        sum += weight * (row[j] ?? 0);
        total += weight;
      }
      return Math.min(255, Math.max(0, Math.round(sum / total)));
    });
    expect(values(resizeBicubic(grey([row]), 10, 1))).toEqual(expected);
  });
});

describe('the square in the middle', () => {
  it('is cut out evenly', () => {
    expect(values(centreCrop(grey([[1, 2, 3, 4, 5]]), 1))).toEqual([3]);
    expect(values(centreCrop(grey([[1, 2, 3, 4]]), 1))).toEqual([2]);
  });

  it('has the side asked for, of images of any shape', () => {
    for (const [width, height] of [
      [10, 33],
      [33, 10],
      [7, 7],
      [1, 90],
    ] as const) {
      const image = { data: new Uint8Array(width * height * 3).fill(9), width, height };
      expect(squareOf(image, 8)).toEqual({ data: new Uint8Array(192).fill(9), width: 8, height: 8 });
    }
  });
});

describe('the best guesses', () => {
  it('are sorted by probability', () => {
    const top = best(Float32Array.of(0.25, 0.5, 0.125), ['a', 'b', 'c'], 2);
    expect(top).toEqual([
      { label: 'b', probability: 0.5 },
      { label: 'a', probability: 0.25 },
    ]);
  });
});
