import { expect, test } from 'vitest';
import { COCO, COCOeval } from '../../src/index.js';
import { difference } from '../goldens.js';

test('keypoint results may be the truth of another evaluation, with the visibility they came with', () => {
  const frame = { images: [{ id: 1 }], categories: [{ id: 1 }], annotations: [] };
  const points = Array.from({ length: 51 }, (_, i) => (i % 3 === 2 ? (i % 2 === 0 ? 2 : 0) : i + 0.25));
  const records = [{ image_id: 1, category_id: 1, score: 0.5, keypoints: points, num_keypoints: 9, iscrowd: 0 }];
  const moved = [
    {
      image_id: 1,
      category_id: 1,
      score: 0.5,
      keypoints: points.map((v, i) => (i % 3 === 0 ? v + (i % 2 === 0 ? 1 : 400) : v)),
    },
  ];
  const run = (asColumns: boolean): Float64Array => {
    const form = <T>(list: T): T | Uint8Array => (asColumns ? new TextEncoder().encode(JSON.stringify(list)) : list);
    const truth = new COCO(frame).loadRes(form(records));
    const evaluation = new COCOeval(truth, new COCO(frame).loadRes(form(moved)), 'keypoints');
    evaluation.evaluate();
    return evaluation.computeOks(1, 1).data;
  };
  // Points that were moved far are not visible, so that they do not count.
  expect(run(false)[0]).toBeGreaterThan(0.5);
  expect(difference(run(true), run(false))).toBeNull();
});
