import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { IGNORED, type Pixels, type RgbPixels } from '../../../datasets/sample.js';
import { type Affine, compose, IDENTITY, mirrorX, mirrorY, quarterTurn } from '../../../datasets/transforms/affine.js';
import { warpImage, warpMask } from '../../../datasets/transforms/warp.js';
import { createRandom } from '../../../engine/random.js';

function noise(width: number, height: number, seed = 1): RgbPixels {
  const random = createRandom([seed]);
  return { width, height, data: Uint8Array.from({ length: width * height * 3 }, () => random.integer(256)) };
}

function warp(image: Pixels, affine: Affine, size: readonly [number, number]): Uint8Array {
  const into = new Uint8Array(size[0] * size[1] * 3).fill(77);
  warpImage(image, affine, into, size, [1, 2, 3]);
  return into;
}

/** The definition in float64: a triangle of the shrinking factor's width over every source pixel. */
function slowWarp(image: Pixels, [a, , c, , e, f]: Affine, [height, width]: readonly [number, number]): number[] {
  const weights = (out: number, scale: number, offset: number, length: number): number[] | null => {
    const at = (out + 0.5 - offset) / scale;
    if (at < 0 || at >= length) return null;
    const support = Math.max(1, 1 / Math.abs(scale));
    const row = Array.from({ length }, (_, i) => Math.max(0, 1 - Math.abs(i + 0.5 - at) / support));
    const total = row.reduce((sum, weight) => sum + weight, 0);
    return row.map((weight) => weight / total);
  };
  const out: number[] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const across = weights(x, a, c, image.width);
      const down = weights(y, e, f, image.height);
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        down?.forEach((v, j) => {
          across?.forEach((h, i) => {
            sum += v * h * (image.data[(j * image.width + i) * 3 + channel] ?? 0);
          });
        });
        out.push(across && down ? sum : channel + 1);
      }
    }
  }
  return out;
}

describe('warpImage', () => {
  test('at scale 1 copies the image bit for bit and paints the rest with the fill colour', () => {
    const image = noise(3, 2);
    const out = warp(image, IDENTITY, [3, 4]);
    expect([...out.subarray(0, 9)]).toEqual([...image.data.subarray(0, 9)]);
    expect([...out.subarray(9, 12)]).toEqual([1, 2, 3]);
    expect([...out.subarray(12, 21)]).toEqual([...image.data.subarray(9, 18)]);
    expect([...out.subarray(24)]).toEqual([1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3]);
  });

  test('enlarges with half-pixel centres: 0 and 100 become 0, 25, 75, 100', () => {
    const image = { width: 2, height: 1, data: Uint8Array.from([0, 0, 0, 100, 100, 100]) };
    const out = warp(image, [2, 0, 0, 0, 1, 0], [1, 4]);
    expect([0, 3, 6, 9].map((i) => out[i])).toEqual([0, 25, 75, 100]);
  });

  test('shrinking averages: a fine chequerboard becomes an even grey', () => {
    const data = Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => {
      const pixel = Math.floor(i / 3);
      return ((pixel % 64) + Math.floor(pixel / 64)) % 2 ? 255 : 0;
    });
    const out = warp({ width: 64, height: 64, data }, [0.25, 0, 0, 0, 0.25, 0], [16, 16]);
    for (const value of out) expect(Math.abs(value - 127.5)).toBeLessThanOrEqual(2);
  });

  test('equals the plain float64 definition within one grey level at any scale, mirror and offset', () => {
    const scale = fc.double({ min: 0.15, max: 4, noNaN: true });
    const offset = fc.double({ min: -8, max: 8, noNaN: true });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 12 }),
        scale,
        scale,
        offset,
        offset,
        fc.boolean(),
        (width, height, scaleX, scaleY, offsetX, offsetY, isMirrored) => {
          const image = noise(width, height);
          const placed: Affine = [scaleX, 0, offsetX, 0, scaleY, offsetY];
          const map = isMirrored ? compose(mirrorX(width), placed) : placed;
          const fast = warp(image, map, [9, 11]);
          const slow = slowWarp(image, map, [9, 11]);
          slow.forEach((value, i) => {
            expect(Math.abs((fast[i] ?? 0) - value)).toBeLessThanOrEqual(1.01);
          });
        },
      ),
      { numRuns: 60 },
    );
  });

  test('flips and quarter turns move pixels without changing one', () => {
    const image = noise(5, 3);
    const turned = warp(image, quarterTurn(3), [5, 3]);
    for (let y = 0; y < 3; y++) {
      for (let x = 0; x < 5; x++) {
        const from = (y * 5 + x) * 3;
        const to = (x * 3 + (2 - y)) * 3;
        expect([...turned.subarray(to, to + 3)]).toEqual([...image.data.subarray(from, from + 3)]);
      }
    }
    const back: Pixels = { width: 3, height: 5, data: turned };
    const threeMore = compose(compose(quarterTurn(5), quarterTurn(3)), quarterTurn(5));
    expect([...warp(back, threeMore, [3, 5])]).toEqual([...image.data]);
    const both = compose(mirrorX(5), mirrorY(3));
    expect([...warp(image, compose(both, both), [3, 5])]).toEqual([...image.data]);
  });

  test('refuses a map that collapses the image', () => {
    expect(() => warp(noise(2, 2), [1, 0.5, 0, 2, 1, 0], [2, 2])).toThrow(/collapses/);
  });

  test('an image moved out of the input leaves only fill', () => {
    expect([...warp(noise(2, 2), [1, 0, 50, 0, 1, 0], [1, 2])]).toEqual([1, 2, 3, 1, 2, 3]);
  });
});

describe('warpMask', () => {
  const maps = fc.record({
    scale: fc.double({ min: 0.3, max: 4, noNaN: true }),
    offsetX: fc.integer({ min: -6, max: 6 }),
    offsetY: fc.integer({ min: -6, max: 6 }),
    turns: fc.integer({ min: 0, max: 3 }),
  });
  const mapOf = (
    width: number,
    height: number,
    drawn: { scale: number; offsetX: number; offsetY: number; turns: number },
  ) => {
    let map: Affine = IDENTITY;
    for (let turn = 0; turn < drawn.turns; turn++) map = compose(map, quarterTurn(turn % 2 ? width : height));
    return compose(map, [drawn.scale, 0, drawn.offsetX, 0, drawn.scale, drawn.offsetY]);
  };

  test('values after any map are a subset of those before and IGNORED', () => {
    const mask = noise(4, 6)
      .data.subarray(0, 24)
      .map((value) => value % 7);
    const before = new Set([...mask, IGNORED]);
    fc.assert(
      fc.property(maps, (drawn) => {
        const after = warpMask(mask, { width: 4, height: 6 }, mapOf(4, 6, drawn), [10, 9]);
        expect(after.every((value) => before.has(value))).toBe(true);
      }),
    );
  });

  test('is IGNORED exactly where the image shows its fill colour', () => {
    const image: Pixels = { width: 4, height: 6, data: new Uint8Array(72).fill(200) };
    fc.assert(
      fc.property(maps, (drawn) => {
        const map = mapOf(4, 6, drawn);
        const mask = warpMask(new Uint8Array(24), image, map, [10, 9]);
        const pixels = warp(image, map, [10, 9]);
        mask.forEach((value, i) => {
          expect(pixels[i * 3] === 200).toBe(value === 0);
        });
      }),
    );
  });

  test('a one-pixel dot lies at the same place in image and mask, enlarged by a whole factor, flipped and turned', () => {
    fc.assert(
      fc.property(
        fc.nat(4),
        fc.nat(3),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 0, max: 3 }),
        fc.boolean(),
        (x, y, scale, turns, isMirrored) => {
          const mask = new Uint8Array(7 * 6);
          mask[(y + 1) * 7 + x + 1] = 1;
          const image: Pixels = {
            width: 7,
            height: 6,
            data: Uint8Array.from({ length: 126 }, (_, i) => (mask[Math.floor(i / 3)] ?? 0) * 255),
          };
          let map: Affine = isMirrored ? mirrorX(7) : IDENTITY;
          for (let turn = 0; turn < turns; turn++) map = compose(map, quarterTurn(turn % 2 ? 7 : 6));
          map = compose(map, [scale, 0, 0, 0, scale, 0]);
          const side = 7 * scale;
          const dot = warpMask(mask, image, map, [side, side]);
          const pixels = warp(image, map, [side, side]);
          const weights = Float64Array.from(dot, (value, i) => (value === IGNORED ? 0 : (pixels[i * 3] ?? 0)));
          const ones = Float64Array.from(dot, (value) => (value === 1 ? 1 : 0));
          const imageCentre = centroid(weights, side);
          const maskCentre = centroid(ones, side);
          expect(Math.abs(imageCentre.x - maskCentre.x)).toBeLessThan(0.05);
          expect(Math.abs(imageCentre.y - maskCentre.y)).toBeLessThan(0.05);
        },
      ),
    );
  });
});

function centroid(weights: Float64Array, width: number): { x: number; y: number } {
  let total = 0;
  let x = 0;
  let y = 0;
  weights.forEach((weight, i) => {
    total += weight;
    x += weight * (i % width);
    y += weight * Math.floor(i / width);
  });
  return { x: x / total, y: y / total };
}
