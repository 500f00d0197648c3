import { expect, it } from 'vitest';
import { fingerprint, similarPairs } from '../../../datasets/pictures/index.js';
import { createRandom } from '../../../engine/random.js';

const draw = (seed: number, change = 0) => {
  const random = createRandom([seed]);
  const [width, height] = [40, 30];
  const blocks = Uint8Array.from({ length: 12 }, () => random.integer(200));
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    const [x, y] = [i % width, Math.floor(i / width)];
    data.fill(Math.min(255, blocks[Math.floor(y / 10) * 4 + Math.floor(x / 10)]! + change), i * 3, i * 3 + 3);
  }
  return { data, width, height };
};

it('images that differ in brightness alone look alike, others do not', () => {
  const prints = [draw(1), draw(2), draw(1, 9), draw(3)].map(fingerprint);
  expect(similarPairs(prints).map(([i, j]) => [i, j])).toEqual([[0, 2]]);
  expect(similarPairs([])).toEqual([]);
});

it('an image of one pixel has a fingerprint', () => {
  expect(fingerprint({ data: new Uint8Array(3), width: 1, height: 1 })).toHaveLength(64);
});
