import { expect, test } from 'vitest';
import { accumulateMatched, curveColumn } from '../../src/evaluation/accumulate.js';
import { summarizeAccumulated } from '../../src/evaluation/summary.js';
import { COCO, COCOeval, perClass, precisionRecall, useWebAssembly } from '../../src/index.js';

/** Boxes of so many categories in three images; every third is found badly, every seventh not at all. */
function evaluated(categories: number): COCOeval {
  const ids = Array.from({ length: categories }, (_, k) => k + 1);
  const images = [1, 2, 3].map((id) => ({ id, width: 200, height: 200 }));
  const annotations = ids.map((id) => {
    const side = [8, 40, 120][id % 3]!;
    return {
      id,
      image_id: 1 + (id % 3),
      category_id: id,
      bbox: [id % 50, 3, side, side],
      area: side * side,
      iscrowd: 0,
    };
  });
  const gt = new COCO({ images, categories: ids.map((id) => ({ id, name: `c${id}` })), annotations });
  const found = annotations
    .filter(({ id }) => id % 7 !== 0)
    .flatMap(({ id, image_id, category_id, bbox: [x = 0, y = 0, w = 0, h = 0] }) => {
      const bbox = [x + (id % 3 === 0 ? w / 4 : 0), y, w, h];
      return [0.9, 0.4].map((score, i) => ({ image_id, category_id, bbox: i === 0 ? bbox : [1, 1, 5, 5], score }));
    });
  const evaluation = new COCOeval(gt, gt.loadRes(found), 'bbox');
  evaluation.evaluate();
  return evaluation;
}

test.each([true, false])(
  'columns of precision and scores are those of the whole arrays, to the bit (WebAssembly: %s)',
  (use) => {
    useWebAssembly(use);
    try {
      const evaluation = evaluated(24);
      const { params, matched } = evaluation.outcomes()!;
      const whole = accumulateMatched(params, matched);
      const columns = accumulateMatched(params, matched, 0);
      expect([whole.columnOf, columns.columnOf]).toEqual([undefined, expect.any(Function)]);
      expect(columns.recall).toEqual(whole.recall);
      expect(summarizeAccumulated(columns, false)).toEqual(summarizeAccumulated(whole, false));
      expect(perClass(columns, evaluation.cocoGt)).toEqual(perClass(whole, evaluation.cocoGt));
      expect(precisionRecall(columns, { category: 2, area: 1 })).toEqual(
        precisionRecall(whole, { category: 2, area: 1 }),
      );
      for (const name of ['precision', 'scores'] as const) {
        const { values } = curveColumn(columns, name, 3, 1);
        const { values: all, width, at } = curveColumn(whole, name, 3, 1);
        expect(values).toEqual(all.filter((_, i) => i % width === at));
        expect(columns[name]).toEqual(whole[name]);
      }
    } finally {
      useWebAssembly(true);
    }
  },
);

test('of two thousand categories no more is made than is looked at', () => {
  const evaluation = evaluated(2000);
  evaluation.accumulate();
  evaluation.summarize();
  // Both arrays, 10 x 101 x 2000 x 4 x 3 float64 each, would take 388 MB.
  const { columnOf } = evaluation.eval!;
  expect(columnOf?.('precision', 0, 2)).toBe(columnOf?.('precision', 0, 2));
  expect(columnOf?.('precision', 0, 2)).toHaveLength(10 * 101 * 2000);
  // A seventh is not found; a third has an IoU of 0.6 and counts at 3 of 10 thresholds.
  const share = (of: (id: number) => number): number =>
    Array.from({ length: 2000 }, (_, k) => of(k + 1)).reduce((sum, value) => sum + value, 0) / 2000;
  expect(evaluation.stats[0]).toBeCloseTo(
    share((id) => (id % 7 === 0 ? 0 : id % 3 === 0 ? 0.3 : 1)),
    6,
  );
  expect(evaluation.stats[1]).toBeCloseTo(
    share((id) => (id % 7 === 0 ? 0 : 1)),
    6,
  );
});
