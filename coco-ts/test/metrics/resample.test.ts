import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bootstrap, COCO, COCOeval, type Dataset, type ResultRecord } from '../../src/index.js';
import { resampler } from '../../src/metrics/resample.js';

const box = fc
  .tuple(fc.nat(4), fc.nat(4), fc.nat(3), fc.nat(3))
  .map(([x, y, w, h]) => [4 * x, 4 * y, 4 * w + 8, 4 * h + 8]);
const truth = fc.record({
  image_id: fc.nat(3),
  category_id: fc.integer({ min: 1, max: 2 }),
  bbox: box,
  iscrowd: fc.constantFrom(0, 0, 0, 1),
});
const found = fc.record({ image_id: fc.nat(3), category_id: fc.integer({ min: 1, max: 2 }), bbox: box });
type Truth = typeof truth extends fc.Arbitrary<infer V> ? V : never;

const categories = [1, 2].map((id) => ({ id, name: `c${id}` }));
/** Image i of the original, copy c: copies stay together in the order of ids. */
const copyId = (image: number, copy: number): number => 100 * image + copy;

/** An evaluation of a set in which image i is there weights[i] times. */
function evaluate(truths: readonly Truth[], results: readonly ResultRecord[], weights: readonly number[]): COCOeval {
  const copies = weights.flatMap((n, image) =>
    Array.from({ length: n }, (_, copy) => ({ image, id: copyId(image, copy) })),
  );
  const repeat = <R extends { image_id: unknown }>(list: readonly R[]): R[] =>
    copies.flatMap(({ image, id }) =>
      list.filter((record) => record.image_id === image).map((record) => ({ ...record, image_id: id })),
    );
  const dataset: Dataset = {
    images: copies.map(({ id }) => ({ id })),
    categories,
    annotations: repeat(truths).map((ann, i) => ({ ...ann, id: i + 1, area: ann.bbox[2]! * ann.bbox[3]! })),
  };
  const gt = new COCO(dataset);
  const list = repeat(results);
  const dt = list.length > 0 ? gt.loadRes(list) : new COCO({ ...dataset, annotations: [] });
  const evaluation = new COCOeval(gt, dt, 'bbox');
  evaluation.evaluate();
  return evaluation;
}

function summary(evaluation: COCOeval): number {
  evaluation.accumulate();
  evaluation.summarize();
  return evaluation.stats[0]!;
}

describe('resampling', () => {
  test('weighs images as if they were in the set that often', () => {
    fc.assert(
      fc.property(
        fc.array(truth, { minLength: 1, maxLength: 12 }),
        fc.array(found, { maxLength: 16 }),
        fc.array(fc.nat(3), { minLength: 4, maxLength: 4 }),
        (truths, detections, weights) => {
          fc.pre(weights.some((n) => n > 0));
          // Scores differ, for the order among equal ones is not that of a repeated set.
          const results = detections.map((record, i) => ({ ...record, score: ((i * 7) % 17) / 17 }));
          const once = evaluate(truths, results, [1, 1, 1, 1]);
          const quick = resampler(once).averagePrecision(Int32Array.from(weights));
          expect(quick).toBeCloseTo(summary(evaluate(truths, results, weights)), 12);
          expect(once.evalImgs.length).toBeGreaterThan(0);
          expect(resampler(once).averagePrecision(Int32Array.from(weights)), 'from evalImgs').toBe(quick);
        },
      ),
      { numRuns: 100 },
    );
  });

  test('an interval over images that were added one by one is that of the whole set', () => {
    const truths = [0, 1, 2, 3].map(
      (image_id): Truth => ({ image_id, category_id: 1, bbox: [0, 0, 9, 9], iscrowd: 0 }),
    );
    const results = [0, 2].map((image_id) => ({ image_id, category_id: 1, bbox: [0, 0, 9, 9], score: 0.5 }));
    const arriving = new COCOeval(null, null, 'bbox');
    arriving.params.catIds = [1, 2];
    for (const image of [2, 0, 3, 1])
      arriving.add(
        copyId(image, 0),
        truths.filter((ann) => ann.image_id === image).map((ann) => ({ ...ann, area: 81 })),
        results.filter((ann) => ann.image_id === image),
      );
    expect(bootstrap(arriving, { samples: 30 })).toEqual(
      bootstrap(evaluate(truths, results, [1, 1, 1, 1]), { samples: 30 }),
    );
  });
});
