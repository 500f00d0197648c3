import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { COCO, COCOeval, type Dataset, type IouType, type ResultRecord } from '../../src/index.js';
import { difference } from '../goldens.js';

// A coarse grid, so that ties, equal scores and exact thresholds are common.
const box = fc.tuple(fc.nat(4), fc.nat(4), fc.nat(5), fc.nat(5)).map(([x, y, w, h]) => [4 * x, 4 * y, 4 * w, 4 * h]);
const truth = fc.record({
  image_id: fc.integer({ min: 1, max: 3 }),
  category_id: fc.integer({ min: 1, max: 2 }),
  bbox: box,
  area: fc.constantFrom(50, 400, 1024, 5000),
  iscrowd: fc.constantFrom(0, 0, 0, 1),
});
const found = fc.record({
  image_id: fc.integer({ min: 1, max: 3 }),
  category_id: fc.integer({ min: 1, max: 2 }),
  bbox: box,
  score: fc.constantFrom(0.1, 0.5, 0.5, 0.9, Number.NaN),
});
const points = fc.array(fc.nat(30), { minLength: 51, maxLength: 51 });

const dataset = (
  truths: readonly { image_id: number; category_id: number; bbox: number[]; area: number; iscrowd: number }[],
): Dataset => ({
  images: [1, 2, 3].map((id) => ({ id, width: 48, height: 48 })),
  categories: [1, 2].map((id) => ({ id, name: `c${id}` })),
  annotations: truths.map((ann, index) => {
    const [x, y, w, h] = ann.bbox as [number, number, number, number];
    return {
      ...ann,
      id: index,
      num_keypoints: index % 3,
      segmentation: [[x, y, x + w + 1, y, x + w + 1, y + h + 1, x, y + h + 1]],
    };
  }),
});

function expectSame(gt: COCO, dt: COCO, type: IouType): void {
  const run = (byCells: boolean): COCOeval => {
    const evaluation = new COCOeval(gt, dt, type);
    evaluation.evaluate();
    // Matchings that are given make accumulate() go through them cell by cell.
    if (byCells) evaluation.evalImgs = [...evaluation.evalImgs];
    evaluation.accumulate();
    evaluation.summarize();
    return evaluation;
  };
  const [quick, plain] = [run(false), run(true)];
  for (const key of ['precision', 'recall', 'scores'] as const)
    expect(difference(quick.eval![key], plain.eval![key]), key).toBeNull();
  expect(difference(quick.stats, plain.stats)).toBeNull();
}

describe('matching on typed arrays equals matching cell by cell', () => {
  test('for boxes', () => {
    fc.assert(
      fc.property(
        fc.array(truth, { maxLength: 14 }),
        fc.array(found, { minLength: 1, maxLength: 20 }),
        (truths, results) => {
          const gt = new COCO(dataset(truths));
          expectSame(gt, gt.loadRes(results), 'bbox');
        },
      ),
      { numRuns: 150 },
    );
  });

  test('for masks', () => {
    fc.assert(
      fc.property(
        fc.array(truth, { maxLength: 10 }),
        fc.array(found, { minLength: 1, maxLength: 14 }),
        (truths, results) => {
          const gt = new COCO(dataset(truths));
          const masks: ResultRecord[] = results.map(({ bbox, ...rest }) => ({
            ...rest,
            segmentation: gt.annToRLE({
              image_id: 1,
              segmentation: [
                [bbox[0]!, bbox[1]!, bbox[0]! + bbox[2]! + 2, bbox[1]!, bbox[0]!, bbox[1]! + bbox[3]! + 2],
              ],
            }),
          }));
          expectSame(gt, gt.loadRes(masks), 'segm');
          const text = JSON.stringify(masks).replaceAll('"score":null', '"score":NaN');
          expectSame(gt, gt.loadRes(new TextEncoder().encode(text)), 'segm');
        },
      ),
      { numRuns: 80 },
    );
  });

  test('for keypoints', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(truth, points), { maxLength: 8 }),
        fc.array(fc.tuple(found, points), { minLength: 1, maxLength: 10 }),
        (truths, results) => {
          const gt = new COCO(dataset(truths.map(([ann, keypoints]) => ({ ...ann, keypoints }))));
          const list = results.map(([{ image_id, category_id, score }, keypoints]) => ({
            image_id,
            category_id,
            score,
            keypoints,
          }));
          expectSame(gt, gt.loadRes(list), 'keypoints');
        },
      ),
      { numRuns: 80 },
    );
  });
});
