import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type Affine,
  affineOf,
  areaScale,
  compose,
  IDENTITY,
  invert,
  mirrorX,
  mirrorY,
  quarterTurn,
} from '../../../datasets/transforms/affine.js';

const at = ([a, b, c, d, e, f]: Affine, x: number, y: number): [number, number] => [
  a * x + b * y + c,
  d * x + e * y + f,
];

/** A chain of the maps the augmentations are made of. */
const chain = fc
  .array(
    fc.oneof(
      fc.integer({ min: 1, max: 500 }).map(mirrorX),
      fc.integer({ min: 1, max: 500 }).map(mirrorY),
      fc.integer({ min: 1, max: 500 }).map(quarterTurn),
      fc
        .tuple(fc.double({ min: 0.1, max: 8, noNaN: true }), fc.integer({ min: -400, max: 400 }))
        .map(([scale, offset]): Affine => [scale, 0, offset, 0, scale, -offset]),
    ),
    { maxLength: 6 },
  )
  .map((maps) => maps.reduce<Affine>(compose, IDENTITY));
const coordinate = fc.double({ min: -1000, max: 1000, noNaN: true });

test('compose does the first map, then the second', () => {
  const scaled: Affine = [2, 0, 0, 0, 2, 0];
  expect(at(compose(mirrorX(10), scaled), 1, 3)).toEqual([18, 6]);
  expect(at(compose(scaled, mirrorX(10)), 1, 3)).toEqual([8, 6]);
});

test('a quarter turn is clockwise: the top left corner goes to the top right', () => {
  expect(at(quarterTurn(4), 0, 0)).toEqual([4, 0]);
  expect(at(quarterTurn(4), 6, 4)).toEqual([0, 6]);
});

test('a map followed by its inverse moves no point', () => {
  fc.assert(
    fc.property(chain, coordinate, coordinate, (map, x, y) => {
      const [u, v] = at(map, x, y);
      const [x2, y2] = at(invert(map), u, v);
      expect(Math.hypot(x2 - x, y2 - y)).toBeLessThan(1e-6);
    }),
  );
});

test('area scale is multiplicative and 1 for flips and turns', () => {
  fc.assert(
    fc.property(chain, chain, (first, second) => {
      const product = areaScale(first) * areaScale(second);
      expect(areaScale(compose(first, second)) / product).toBeCloseTo(1, 9);
    }),
  );
  expect([mirrorX(7), mirrorY(7), quarterTurn(7)].map(areaScale)).toEqual([1, 1, 1]);
});

test('a placement maps original pixel edges to input = original * scale + offset', () => {
  const placement = { width: 40, height: 20, scaleX: 0.5, scaleY: 2, offsetX: -3, offsetY: 4 };
  expect(at(affineOf(placement), 10, 10)).toEqual([2, 24]);
});
