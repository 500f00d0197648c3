import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ColorChange, changeColor, drawColor } from '../../../datasets/transforms/color.js';
import { createRandom } from '../../../engine/random.js';

const NONE: ColorChange = { brightness: 1, contrast: 1, saturation: 1, hue: 0 };
const row = (...values: number[]) => ({
  pixels: Uint8Array.from(values),
  region: { left: 0, top: 0, right: values.length / 3, bottom: 1 },
});

function changed(values: number[], change: Partial<ColorChange>): number[] {
  const { pixels, region } = row(...values);
  changeColor(pixels, values.length / 3, region, { ...NONE, ...change });
  return [...pixels];
}

test('brightness scales and clips', () => {
  expect(changed([10, 100, 200], { brightness: 1.5 })).toEqual([15, 150, 255]);
});

test('contrast 0 gives the mean luma everywhere, contrast 2 doubles the distance to it', () => {
  expect(changed([100, 100, 100, 50, 50, 50], { contrast: 0 })).toEqual([75, 75, 75, 75, 75, 75]);
  expect(changed([100, 100, 100, 50, 50, 50], { contrast: 2 })).toEqual([125, 125, 125, 25, 25, 25]);
});

test('saturation 0 gives grey of the same luma', () => {
  const luma = Math.round(0.2126 * 200 + 0.7152 * 40 + 0.0722 * 90);
  expect(changed([200, 40, 90], { saturation: 0 })).toEqual([luma, luma, luma]);
});

test('a turned hue leaves greys alone, a third of a turn moves red towards green, a full turn changes nothing', () => {
  expect(changed([120, 120, 120], { hue: 0.3 })).toEqual([120, 120, 120]);
  const [red = 0, green = 0] = changed([160, 60, 60], { hue: 1 / 3 });
  expect(green).toBeGreaterThan(red);
  changed([160, 60, 30], { hue: 1 }).forEach((value, i) => {
    expect(Math.abs(value - ([160, 60, 30][i] ?? 0))).toBeLessThanOrEqual(1);
  });
});

test('only the region of the image changes, never the padding', () => {
  const pixels = new Uint8Array(4 * 3 * 3).fill(100);
  changeColor(pixels, 4, { left: 1, top: 1, right: 3, bottom: 2 }, { ...NONE, brightness: 0.5 });
  const touched = [...pixels].map((value, i) => (value === 50 ? Math.floor(i / 3) : -1)).filter((i) => i >= 0);
  expect([...new Set(touched)]).toEqual([5, 6]);
});

test('drawn changes stay within the configured amounts', () => {
  const jitter = { brightness: 0.2, contrast: 0.3, saturation: 0.4, hue: 0.1 };
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const change = drawColor(jitter, createRandom([seed]));
      expect(Math.abs(change.brightness - 1)).toBeLessThanOrEqual(0.2);
      expect(Math.abs(change.contrast - 1)).toBeLessThanOrEqual(0.3);
      expect(Math.abs(change.saturation - 1)).toBeLessThanOrEqual(0.4);
      expect(Math.abs(change.hue)).toBeLessThanOrEqual(0.1);
    }),
  );
});
