import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { InstanceTruth, Sample } from '../../../datasets/sample.js';
import { compose, IDENTITY, invert } from '../../../datasets/transforms/affine.js';
import {
  type AugmentConfig,
  applyAugmentation,
  drawAugmentation,
  plain,
} from '../../../datasets/transforms/augment.js';
import { squareTo } from '../../../datasets/transforms/ops/perspective.js';
import { warpImage } from '../../../datasets/transforms/warp.js';
import { createRandom } from '../../../engine/random.js';

const SIDE = 64;

/** A bright rectangle with its mask in a dark image. */
function rectangle(width: number, height: number, [x1, y1, x2, y2]: readonly [number, number, number, number]) {
  const data = new Uint8Array(width * height * 3).fill(20);
  for (let y = y1; y < y2; y++) data.fill(240, (y * width + x1) * 3, (y * width + x2) * 3);
  const truth: InstanceTruth = {
    kind: 'instances',
    boxes: Float64Array.of(x1, y1, x2, y2),
    labels: Int32Array.of(1),
    ignored: Uint8Array.of(0),
    areas: Float64Array.of((x2 - x1) * (y2 - y1)),
    masks: [
      { left: x1, top: y1, width: x2 - x1, height: y2 - y1, data: new Uint8Array((x2 - x1) * (y2 - y1)).fill(1) },
    ],
  };
  return { id: '', image: { data, width, height }, truth } satisfies Sample<InstanceTruth>;
}

const turning: AugmentConfig = {
  ...plain([SIDE, SIDE]),
  scale: [0.7, 1.3],
  flipHorizontal: 0.5,
  rotate90: 0.5,
  ops: [
    { op: 'rotate', probability: 0.9, range: [-170, 170] },
    { op: 'shearX', probability: 0.5, range: [-0.4, 0.4] },
    { op: 'perspective', probability: 0.5, range: [0.1, 0.5] },
    { op: 'translateY', probability: 0.5, range: [-0.2, 0.2] },
    { op: 'elastic', probability: 0.5, range: [0, 2] },
  ],
};

describe('whatever turns, shears and bends', () => {
  test('masks cover the bright pixels, boxes are those of the masks, areas those of their pixels', () => {
    let seen = 0;
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom([60, 44] as const, [200, 150] as const), (seed, [width, height]) => {
        const box = [width * 0.3, height * 0.3, width * 0.7, height * 0.7].map(Math.round) as [
          number,
          number,
          number,
          number,
        ];
        const sample = rectangle(width, height, box);
        const into = new Uint8Array(SIDE * SIDE * 3);
        const truth = applyAugmentation(sample, drawAugmentation(turning, sample.image, createRandom([seed])), into);
        const [mask] = truth.masks;
        if (mask === undefined || mask.data.length === 0) return;
        let [pixels, wrong] = [0, 0];
        for (let i = 0; i < SIDE * SIDE; i++) {
          const [x, y] = [(i % SIDE) - mask.left, Math.floor(i / SIDE) - mask.top];
          const isInside = x >= 0 && y >= 0 && x < mask.width && y < mask.height;
          const isObject = isInside && mask.data[y * mask.width + x] === 1;
          if (isObject) pixels++;
          const value = into[i * 3] ?? 0;
          if (value > 190 && !isObject) wrong++;
          if (value < 70 && isObject) wrong++;
        }
        expect(wrong).toBe(0);
        const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = truth.boxes;
        expect(Math.abs(x1 - mask.left)).toBeLessThanOrEqual(1);
        expect(Math.abs(y1 - mask.top)).toBeLessThanOrEqual(1);
        expect(Math.abs(x2 - mask.left - mask.width)).toBeLessThanOrEqual(1);
        expect(Math.abs(y2 - mask.top - mask.height)).toBeLessThanOrEqual(1);
        if (pixels > 200 && x1 > 1 && y1 > 1 && x2 < SIDE - 1 && y2 < SIDE - 1) {
          seen++;
          expect((truth.areas[0] ?? 0) / pixels).toBeGreaterThan(0.75);
          expect((truth.areas[0] ?? 0) / pixels).toBeLessThan(1.35);
        }
      }),
      { numRuns: 120 },
    );
    expect(seen).toBeGreaterThan(10);
  });
});

test('a perspective takes corners where they are to go, and back', () => {
  const map = squareTo(30, 20, [
    [1, 2],
    [28, 0],
    [30, 19],
    [3, 17],
  ]);
  const at = ([a, b, c, d, e, f, g = 0, h = 0]: typeof map, x: number, y: number) => {
    const w = g * x + h * y + 1;
    return [(a * x + b * y + c) / w, (d * x + e * y + f) / w];
  };
  expect(at(map, 30, 20)).toEqual([expect.closeTo(30, 9), expect.closeTo(19, 9)]);
  expect(at(map, 0, 20)).toEqual([expect.closeTo(3, 9), expect.closeTo(17, 9)]);
  const back = compose(map, invert(map));
  back.forEach((value, i) => {
    expect(value).toBeCloseTo([...IDENTITY, 0, 0, 1][i] ?? 0, 9);
  });
});

test('an image that shrinks to a tenth while it turns keeps its mean: nothing aliases', () => {
  const [width, height] = [400, 400];
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => (Math.floor(i / 3) % 2 === 0 ? 0 : 255));
  const map = compose([0.1, 0, 0, 0, 0.1, 0], [0.8, 0.6, 0, -0.6, 0.8, 24]);
  const into = new Uint8Array(64 * 64 * 3);
  warpImage({ data, width, height }, map, into, [64, 64], [128, 128, 128]);
  expect(into.every((value) => value >= 126 && value <= 129)).toBe(true);
});
