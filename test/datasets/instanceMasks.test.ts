import { expect, it } from 'vitest';
import { mask as masks } from '#coco-ts';
import { maskPixels, packPatch } from '../../datasets/instanceMasks.js';
import { createRandom } from '../../engine/random.js';

it.each([
  [1, 1],
  [7, 5],
  [40, 23],
])('the pixels of a packed mask of %i x %i are those that were packed, in the form of COCO', (width, height) => {
  const random = createRandom([5]);
  const data = Uint8Array.from({ length: width * height }, () => random.integer(2));
  const packed = packPatch({ left: 0, top: 0, width, height, data }, { width, height });
  expect(maskPixels(packed)).toEqual(data);
  expect(packed).toEqual(masks.encode({ height, width, data, order: 'C' }));
});
