import { expect, test } from 'vitest';
import type { DetectionTruth } from '../../../datasets/sample.js';
import { apply, hullOf, invert } from '../../../datasets/transforms/affine.js';
import { applyAugmentation, drawAugmentation, plain } from '../../../datasets/transforms/augment.js';
import { createRandom } from '../../../engine/random.js';

const SIDE = 1000;
const INPUT = 64;
const truth: DetectionTruth = {
  kind: 'boxes',
  boxes: Float64Array.of(0, 0, SIDE, SIDE),
  labels: Int32Array.of(0),
  ignored: Uint8Array.of(0),
  areas: Float64Array.of(SIDE * SIDE),
};

test('the hull of what reaches over the horizon is that of its part before it', () => {
  // w = 1 - x / 100: at x = 50 a point lies twice as far, from x = 100 on nothing is seen.
  const map = [1, 0, 0, 0, 1, 0, -0.01, 0] as const;
  expect(hullOf(map, [0, 0, 50, 10])).toEqual([0, 0, 100, 20]);
  const [left, top, right, bottom] = hullOf(map, [50, 2, 300, 10]);
  expect([left, top]).toEqual([100, 4]);
  expect(right).toBeCloseTo(99.9 / 1e-3, 5);
  expect(bottom).toBeCloseTo(10 / 1e-3, 5);
  expect(hullOf(map, [120, 0, 300, 10])).toEqual([0, 0, 0, 0]);
});

test.each([
  ['a crop', 'native', 0.8],
  ['a whole image, the horizon in the input', 'letterbox', 1],
] as const)('a perspective of %s shows all that it sees of the image, and its box', (_, fit, strength) => {
  const image = { data: new Uint8Array(SIDE * SIDE * 3).fill(200), width: SIDE, height: SIDE };
  const ops = [{ op: 'perspective', probability: 1, range: [strength, strength] }] as const;
  const config = { ...plain([INPUT, INPUT]), fit, minVisible: 0, ops } as const;
  for (let seed = 0; seed < 20; seed++) {
    const drawn = drawAugmentation(config, image, createRandom([seed]));
    const into = new Uint8Array(INPUT * INPUT * 3);
    const { boxes } = applyAugmentation({ id: '', image, truth }, drawn, into);
    const back = invert(drawn.affine);
    let [missing, outside] = [0, 0];
    for (let at = 0; at < INPUT * INPUT; at++) {
      const [x, y] = [(at % INPUT) + 0.5, Math.floor(at / INPUT) + 0.5];
      const isBefore = (back[6] ?? 0) * x + (back[7] ?? 0) * y + (back[8] ?? 1) > 0;
      const [u, v] = apply(back, [x, y]);
      const isSeen = isBefore && u > 1 && v > 1 && u < SIDE - 1 && v < SIDE - 1;
      if (isSeen && into[at * 3] !== 200) missing++;
      const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = boxes;
      if (isSeen && !(x > x1 - 1 && y > y1 - 1 && x < x2 + 1 && y < y2 + 1)) outside++;
    }
    expect([missing, outside], `seed ${seed}`).toEqual([0, 0]);
  }
});
