import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DetectionTruth } from '../../../datasets/sample.js';
import { type Affine, affineOf, mirrorX, quarterTurn } from '../../../datasets/transforms/affine.js';
import { restoreBoxes, transformBoxes } from '../../../datasets/transforms/boxes.js';

const truthOf = (boxes: number[][], ignored: number[] = []): DetectionTruth => ({
  kind: 'boxes',
  boxes: Float64Array.from(boxes.flat()),
  labels: Int32Array.from(boxes, (_, i) => i),
  ignored: Uint8Array.from(boxes, (_, i) => ignored[i] ?? 0),
  areas: Float64Array.from(boxes, ([x1 = 0, y1 = 0, x2 = 0, y2 = 0]) => (x2 - x1) * (y2 - y1)),
});

test('a flip and a quarter turn move boxes by their corners', () => {
  const truth = truthOf([[1, 2, 4, 3]]);
  expect([...transformBoxes(truth, mirrorX(10), [10, 10], 0).boxes]).toEqual([6, 2, 9, 3]);
  expect([...transformBoxes(truth, quarterTurn(10), [10, 10], 0).boxes]).toEqual([7, 1, 8, 4]);
});

test('clips to the input and scales the stated area by the map and the visible share', () => {
  const moved = transformBoxes(truthOf([[2, 2, 6, 6]]), [2, 0, -8, 0, 2, 0], [100, 100], 0.1);
  expect([...moved.boxes]).toEqual([0, 4, 4, 12]);
  expect([...moved.areas]).toEqual([32]);
});

test('drops boxes under one pixel a side or under the visible share, and keeps the others aligned', () => {
  const truth = truthOf([
    [0, 0, 0.9, 50],
    [9, 0, 29, 20],
    [0, 0, 10, 10],
    [40, 40, 50, 50],
  ]);
  const moved = transformBoxes(truth, [1, 0, 0, 0, 1, 0], [20, 10], 0.1);
  expect([...moved.labels]).toEqual([2]);
  expect([...moved.boxes]).toEqual([0, 0, 10, 10]);
  expect(moved.areas.length).toBe(1);
  expect(moved.ignored.length).toBe(1);
});

test('an ignored region stays at any visible share', () => {
  const truth = truthOf([[9, 0, 109, 20]], [1]);
  expect([...transformBoxes(truth, [1, 0, 0, 0, 1, 0], [20, 10], 0.5).boxes]).toEqual([9, 0, 10, 20]);
});

test('an image without objects stays without objects', () => {
  expect(transformBoxes(truthOf([]), mirrorX(5), [5, 5], 0.1).boxes.length).toBe(0);
});

test('boxes laid into the input and restored by the placement are the original boxes', () => {
  const placements = fc.record({
    width: fc.constant(640),
    height: fc.constant(480),
    scaleX: fc.double({ min: 0.05, max: 6, noNaN: true }),
    scaleY: fc.double({ min: 0.05, max: 6, noNaN: true }),
    offsetX: fc.integer({ min: 0, max: 300 }),
    offsetY: fc.integer({ min: 0, max: 300 }),
  });
  const box = fc
    .tuple(fc.nat(600), fc.nat(440), fc.integer({ min: 20, max: 640 }), fc.integer({ min: 20, max: 480 }))
    .map(([x, y, w, h]) => [x, y, Math.min(640, x + w), Math.min(480, y + h)]);
  fc.assert(
    fc.property(placements, fc.array(box, { maxLength: 5 }), (placement, boxes) => {
      const affine: Affine = affineOf(placement);
      const moved = transformBoxes(truthOf(boxes), affine, [10_000, 10_000], 0);
      const restored = restoreBoxes(moved.boxes, placement);
      expect(moved.labels.length).toBe(boxes.length);
      boxes.flat().forEach((value, i) => {
        expect(Math.abs((restored[i] ?? -1) - value)).toBeLessThan(1e-9);
      });
    }),
  );
});

test('restored boxes never leave the original image', () => {
  const placement = { width: 10, height: 8, scaleX: 2, scaleY: 2, offsetX: 0, offsetY: 0 };
  expect([...restoreBoxes(Float32Array.from([-4, -4, 40, 40]), placement)]).toEqual([0, 0, 10, 8]);
});
