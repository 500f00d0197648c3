import { expect, it } from 'vitest';
import { mask as masks } from '#coco-ts';
import { maskPixels, packPatch, patchOfCounts, patchOfMask } from '../../datasets/packedMasks.js';
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

it('the patch of a packed mask has the box of COCO and every pixel of it', () => {
  const random = createRandom([6]);
  for (let i = 0; i < 200; i++) {
    const [height, width] = [1 + random.integer(9), 1 + random.integer(9)];
    const share = random.integer(4);
    const data = Uint8Array.from({ length: width * height }, () => Number(random.integer(8) < share));
    const packed = masks.encode({ height, width, data, order: 'C' });
    const patch = patchOfMask(packed);
    const [left, top, columns, rows] = masks.toBbox(packed);
    expect(patch?.width ?? 0).toBe(columns);
    if (patch === null) continue;
    expect(patch).toMatchObject({ left, top, height: rows });
    expect(maskPixels(packPatch(patch, { width, height }))).toEqual(data);
  }
});

it('runs that go beyond an image end with it', () => {
  expect(patchOfCounts(Uint32Array.of(3, 2 ** 32 - 1, 5, 2 ** 32 - 1), 2, 2)).toMatchObject({ left: 1, width: 1 });
  expect(patchOfCounts(Uint32Array.of(4, 7), 2, 2)).toBeNull();
});
