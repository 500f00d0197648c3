import { expect, test } from 'vitest';
import { batchesOf } from '../../../training/run/batches.js';

async function split(pixels: readonly number[], most: number, mostPixels: number): Promise<(readonly number[])[]> {
  const batches: (readonly number[])[] = [];
  for await (const batch of batchesOf(pixels, most, (each) => each, mostPixels)) batches.push(batch);
  return batches;
}

test('batches are as many as the network takes, and fewer of large images', async () => {
  expect(await split([1, 1, 1, 1, 1], 2, 100)).toEqual([[1, 1], [1, 1], [1]]);
  expect(await split([60, 30, 20, 500, 1, 1, 1, 1], 4, 100)).toEqual([[60, 30], [20], [500], [1, 1, 1, 1]]);
  expect(await split([], 4, 100)).toEqual([]);
});
