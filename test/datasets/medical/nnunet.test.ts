import { expect, test } from 'vitest';
import { patchWithin, planNnunet, topologyOf } from '../../../datasets/medical/nnunet.js';

const plan = (rows: number, columns: number, cases: number, classes = 2, spacing: readonly [number, number] = [1, 1]) =>
  planNnunet({ spacing, shape: [rows, columns], voxels: rows * columns * cases, classes });

test('patch, stages and batch are those of the rules for data sets of many shapes', () => {
  expect(plan(512, 512, 1000)).toMatchObject({ patch: [512, 512], batch: 12, values: 82_624_512 });
  expect(plan(512, 512, 1000).strides).toHaveLength(8);
  expect(plan(512, 512, 30)).toMatchObject({ batch: 2, shareBatch: 2 });
  expect(plan(256, 256, 500)).toMatchObject({ batch: 25, memoryBatch: 49 });
  expect(plan(256, 256, 500).strides).toHaveLength(7);
  expect(plan(1024, 1024, 500, 4)).toMatchObject({ batch: 3 });
  expect(plan(1024, 1024, 500, 4).strides).toHaveLength(9);
  expect(plan(584, 565, 20)).toMatchObject({ patch: [640, 640], batch: 2 });
  expect(plan(520, 700, 400)).toMatchObject({ patch: [640, 768], batch: 7 });
  expect(plan(400, 300, 300, 3, [0.5, 0.7])).toMatchObject({ patch: [448, 320], batch: 13 });
  expect(plan(2000, 3000, 200)).toMatchObject({ patch: [1024, 1536], batch: 2 });
  expect(plan(2000, 3000, 200).strides).toHaveLength(9);
});

test('pixels that are longer than wide are halved across first, and tiny cases keep one stage', () => {
  expect(topologyOf([4, 1], [64, 256]).strides).toEqual([
    [1, 1],
    [1, 2],
    [1, 2],
    [2, 2],
    [2, 2],
    [2, 2],
    [2, 2],
  ]);
  expect(topologyOf([1, 1], [7, 7])).toEqual({ strides: [[1, 1]], divisor: [1, 1], patch: [7, 7] });
  expect(plan(1, 1, 1)).toMatchObject({ patch: [1, 1], batch: 2 });
});

test('a patch of so many pixels keeps the shape of the cases', () => {
  expect(patchWithin({ shape: [320, 320] }, 32, 1e9)).toEqual([320, 320]);
  expect(patchWithin({ shape: [320, 320] }, 32, 65_536)).toEqual([256, 256]);
  expect(patchWithin({ shape: [1000, 400] }, 32, 65_536)).toEqual([384, 160]);
  expect(patchWithin({ shape: [20, 5] }, 32, 65_536)).toEqual([64, 64]);
  expect(patchWithin({ shape: [2000, 40] }, 32, 1000)).toEqual([64, 64]);
});
