import { describe, expect, test } from 'vitest';
import { COCO, openImagesEvaluate, type ResultRecord, vocEvaluate } from '../../src/index.js';

const truth = (id: number, image_id: number, bbox: number[], extra: Record<string, unknown> = {}) => {
  return { id, image_id, category_id: 1, bbox, area: 100, iscrowd: 0, ...extra };
};
const found = (score: number, image_id: number, bbox: number[], category_id = 1): ResultRecord => {
  return { image_id, category_id, bbox, score };
};
const categories = [{ id: 1 }, { id: 2 }];
const images = [{ id: 1 }, { id: 2 }];

describe('Open Images AP', () => {
  // An object, and a group of objects in one box.
  const gt = new COCO({
    images,
    categories,
    annotations: [truth(1, 1, [0, 0, 10, 10]), truth(2, 1, [50, 50, 40, 40], { isgroupof: 1 })],
  });
  const dt = gt.loadRes([
    found(0.9, 1, [55, 55, 10, 10]), // in the group: finds it
    found(0.8, 1, [70, 70, 10, 10]), // in the group again: ignored
    found(0.7, 1, [20, 0, 10, 10]), // nowhere: a miss
    found(0.6, 1, [0, 0, 10, 10]), // the object
    found(0.5, 1, [0, 0, 10, 9]), // the object again: a miss
  ]);

  test('a group is found once, further detections in it are ignored', () => {
    const { mean, perClass } = openImagesEvaluate(gt, dt);
    // Two truths. Hit, miss, hit, miss: precision 1 up to recall 0.5, 2/3 up to 1.
    expect(perClass.get(1)).toBeCloseTo(0.5 * 1 + 0.5 * (2 / 3), 12);
    expect(perClass.get(2)).toBeNaN();
    expect(mean).toBe(perClass.get(1));
  });

  test('groups of weight 0 are ignored with what is in them, of weight 0.5 they count half', () => {
    // One truth. Miss, hit, miss.
    expect(openImagesEvaluate(gt, dt, { groupWeight: 0 }).mean).toBeCloseTo(0.5, 12);
    // 1.5 truths. A half hit, a miss, a hit: precisions 1, then 1.5 / 2.5 = 0.6.
    expect(openImagesEvaluate(gt, dt, { groupWeight: 0.5 }).mean).toBeCloseTo((0.5 * 1 + 1 * 0.6) / 1.5, 12);
  });

  test('a detection closer to an object than the threshold belongs to it, also inside a group', () => {
    const nested = new COCO({
      images,
      categories,
      annotations: [truth(1, 1, [0, 0, 10, 10]), truth(2, 1, [0, 0, 40, 40], { isgroupof: 1 })],
    });
    // The second is a duplicate of the object, not a find of the group.
    const results = nested.loadRes([found(0.9, 1, [0, 0, 10, 10]), found(0.8, 1, [0, 0, 10, 9])]);
    expect(openImagesEvaluate(nested, results).mean).toBeCloseTo(0.5, 12);
  });

  test('detections of categories nobody looked for in the image are ignored', () => {
    const results = gt.loadRes([
      found(0.9, 2, [0, 0, 5, 5]),
      found(0.8, 1, [0, 0, 10, 10]),
      found(0.7, 1, [60, 60, 9, 9]),
    ]);
    // Miss, hit, hit of two truths: 2/3 everywhere.
    expect(openImagesEvaluate(gt, results).mean).toBeCloseTo(2 / 3, 12);
    expect(openImagesEvaluate(gt, results, { verified: new Map() }).mean).toBeCloseTo(1, 12);
    expect(openImagesEvaluate(gt, results, { verified: new Map([[2, [1]]]) }).mean).toBeCloseTo(2 / 3, 12);
  });

  test('without groups it is the VOC rule with all points, difficult objects included', () => {
    const plain = new COCO({
      images,
      categories,
      annotations: [
        truth(1, 1, [0, 0, 10, 10]),
        truth(2, 1, [30, 0, 10, 10], { difficult: 1 }),
        truth(3, 2, [0, 0, 20, 20]),
        truth(4, 2, [5, 5, 20, 20]),
        truth(5, 2, [60, 5, 20, 20], { category_id: 2 }),
      ],
    });
    const results = plain.loadRes([
      found(0.9, 1, [1, 0, 10, 10]),
      found(0.8, 1, [30, 0, 10, 10]),
      found(0.7, 2, [50, 0, 10, 10]),
      found(0.6, 2, [0, 1, 20, 20]),
      found(0.5, 2, [0, 2, 20, 20]),
      found(0.4, 2, [60, 5, 20, 19], 2),
    ]);
    expect(openImagesEvaluate(plain, results).perClass.get(1)).toBe(
      vocEvaluate(plain, results).perClass.get(1)?.averagePrecision,
    );
    expect(openImagesEvaluate(plain, results).perClass.get(2)).toBe(1);
  });
});
