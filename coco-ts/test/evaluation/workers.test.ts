import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { splitImages, worthwhileThreads } from '../../src/evaluation/workers.js';
import { Params } from '../../src/index.js';
import { difference } from '../goldens.js';

test('splitImages gives stretches of about as many detections, in order and without gaps', () => {
  expect(splitImages(Int32Array.of(0, 10, 20, 30, 40), 2)).toEqual([0, 2, 4]);
  expect(splitImages(Int32Array.of(0, 100, 101, 102), 3)).toEqual([0, 1, 1, 3]);
  expect(splitImages(Int32Array.of(0), 2)).toEqual([0, 0, 0]);
});

test('threads are used where there is enough to match', () => {
  const threads = (type: 'bbox' | 'segm', detections: number, images: number): number => {
    const params = Object.assign(new Params(type), { imgIds: Array.from({ length: images }, (_, i) => i) });
    return worthwhileThreads({ params, dtByImage: { order: new Int32Array(detections) } }, 8);
  };
  expect(threads('bbox', 500_000, 5000)).toBe(1);
  expect(threads('bbox', 3_000_000, 5000)).toBe(3);
  expect(threads('segm', 500_000, 5000)).toBe(8);
  expect(threads('segm', 500_000, 2)).toBe(2);
});

// Workers start from built files.
const built = (path: string): URL => new URL(`../../dist/${path}`, import.meta.url);
test.skipIf(!existsSync(built('index.js'))).each(['bbox', 'segm'] as const)(
  'three threads give the bits of one (%s; needs the build)',
  async (type) => {
    const load = (path: string): Promise<unknown> => import(built(path).href);
    const { COCO } = (await load('index.js')) as typeof import('../../src/index.js');
    const { collectRows } = (await load('evaluation/collect.js')) as typeof import('../../src/evaluation/collect.js');
    const { groupByImage } = (await load(
      'evaluation/grouping.js',
    )) as typeof import('../../src/evaluation/grouping.js');
    const { accumulateMatched } = (await load(
      'evaluation/accumulate.js',
    )) as typeof import('../../src/evaluation/accumulate.js');
    const { matchInWorkers } = (await load(
      'evaluation/workers.js',
    )) as typeof import('../../src/evaluation/workers.js');
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
    const params = Object.assign(new Params(type), { imgIds: [1, 2, 3, 4], catIds: [1, 2] });
    const [gtRows, dtRows] = [collectRows(gt, 'truth', params), collectRows(dt, 'detection', params)];
    const groups = { gtByImage: groupByImage(gtRows, 4), dtByImage: groupByImage(dtRows, 4) };
    const run = async (threads: number) => {
      const chunks = await matchInWorkers({ gt: gtRows, dt: dtRows, params, ...groups }, threads);
      expect(chunks.length).toBe(threads);
      return accumulateMatched(params, chunks);
    };
    const [one, three] = [await run(1), await run(3)];
    for (const key of ['precision', 'recall', 'scores'] as const)
      expect(difference(three[key], one[key]), key).toBeNull();
    expect(one.precision.some((value) => value > 0)).toBe(true);
  },
);
