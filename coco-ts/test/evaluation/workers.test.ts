import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { splitImages } from '../../src/evaluation/workers.js';
import { difference } from '../goldens.js';

test('splitImages gives stretches of about as many detections, in order and without gaps', () => {
  expect(splitImages(Int32Array.of(0, 10, 20, 30, 40), 2)).toEqual([0, 2, 4]);
  expect(splitImages(Int32Array.of(0, 100, 101, 102), 3)).toEqual([0, 1, 1, 3]);
  expect(splitImages(Int32Array.of(0), 2)).toEqual([0, 0, 0]);
});

// Workers start from built files.
const built = new URL('../../dist/index.js', import.meta.url);
test.skipIf(!existsSync(built)).each(['bbox', 'segm'] as const)(
  'three threads give the bits of one (%s; needs the build)',
  async (type) => {
    const { COCO, COCOeval } = (await import(built.href)) as typeof import('../../src/index.js');
    const gt = new COCO({
      images: [1, 2, 3, 4].map((id) => ({ id, width: 60, height: 60 })),
      categories: [{ id: 1 }, { id: 2 }],
      annotations: Array.from({ length: 24 }, (_, i) => ({
        id: i + 1,
        image_id: (i % 4) + 1,
        category_id: (i % 2) + 1,
        bbox: [i, i, 12, 9],
        area: 108,
        iscrowd: 0,
        segmentation: [[i, i, i + 12, i, i + 12, i + 9, i, i + 9]],
      })),
    });
    const dt = gt.loadRes(
      Array.from({ length: 60 }, (_, i) => ({
        image_id: (i % 4) + 1,
        category_id: (i % 2) + 1,
        bbox: [(i * 7) % 24, i % 23, 11, 9],
        score: ((i * 31) % 17) / 17,
      })),
    );
    const run = async (threads: number) => {
      const evaluation = new COCOeval(gt, dt, type);
      await evaluation.evaluateAsync({ threads });
      evaluation.accumulate();
      return evaluation.eval!;
    };
    const [one, three] = [await run(1), await run(3)];
    for (const key of ['precision', 'recall', 'scores'] as const)
      expect(difference(three[key], one[key]), key).toBeNull();
    expect(one.precision.some((value) => value > 0)).toBe(true);
  },
);
