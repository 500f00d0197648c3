import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { COCO, type Dataset, lvisEvaluate, type ResultRecord } from '../../src/index.js';
import { boxIou } from '../../src/mask/boxes.js';

const RANGES = [
  [0, 1e10],
  [0, 1024],
  [1024, 9216],
  [9216, 1e10],
] as const;

type Found = ResultRecord & { bbox: number[]; score: number };

/** AP of one category, size range and IoU threshold, written for reading: lists of pairs, no arrays, no sharing of work. */
function slowPrecision(
  dataset: Dataset,
  results: readonly Found[],
  category: number,
  area: number,
  threshold: number,
): number {
  const [low, high] = RANGES[area]!;
  const outside = (size: number): boolean => size < low || size > high;
  const outcomes: { score: number; hit: boolean }[] = [];
  let counted = 0;
  for (const image of [...dataset.images!].sort((a, b) => (a.id as number) - (b.id as number))) {
    const inImage = dataset.annotations!.filter((ann) => ann.image_id === image.id);
    const truths = inImage
      .filter((ann) => ann.category_id === category)
      .map((ann) => ({ bbox: ann.bbox!, ignored: Boolean(ann.ignore) || outside(ann.area!), taken: false }));
    counted += truths.filter((truth) => !truth.ignored).length;
    const best = results
      .filter((result) => result.image_id === image.id)
      .sort((a, b) => b.score - a.score)
      .slice(0, 4);
    const looked = truths.length > 0 || (image.neg_category_ids as number[]).includes(category);
    const partial = (image.not_exhaustive_category_ids as number[]).includes(category);
    for (const detection of looked ? best.filter((result) => result.category_id === category) : []) {
      const free = truths.filter((truth) => !truth.taken);
      const near = (ignored: boolean) => {
        const rated = free
          .filter((truth) => truth.ignored === ignored)
          .map((truth) => ({ truth, iou: boxIou(detection.bbox, 0, truth.bbox, 0, false) }));
        const most = Math.max(...rated.map(({ iou }) => iou));
        return most >= threshold ? rated.filter(({ iou }) => iou === most).at(-1)!.truth : undefined;
      };
      const match = near(false) ?? near(true);
      if (match) match.taken = true;
      if (match ? !match.ignored : !partial && !outside(detection.bbox[2]! * detection.bbox[3]!))
        outcomes.push({ score: detection.score, hit: match !== undefined });
    }
  }
  if (counted === 0) return -1;
  outcomes.sort((a, b) => b.score - a.score);
  const curve = outcomes.map((_, i) => {
    const hits = outcomes.slice(0, i + 1).filter(({ hit }) => hit).length;
    return { recall: hits / counted, precision: hits / (i + 1) };
  });
  let sum = 0;
  for (let r = 0; r <= 100; r++) {
    const wanted = r === 100 ? 1 : r * 0.01;
    const reached = curve.filter(({ recall }) => recall >= wanted);
    sum += reached.length > 0 ? Math.max(...reached.map(({ precision }) => precision)) : 0;
  }
  return sum / 101;
}

function slowMean(dataset: Dataset, results: readonly Found[], area: number, group?: string): number {
  const values = dataset
    .categories!.filter(({ frequency }) => group === undefined || frequency === group)
    .flatMap(({ id }) =>
      Array.from({ length: 10 }, (_, t) =>
        slowPrecision(dataset, results, id as number, area, t === 9 ? 0.95 : 0.5 + t * ((0.95 - 0.5) / 9)),
      ),
    )
    .filter((value) => value > -1);
  return values.length === 0 ? -1 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

const category = fc.integer({ min: 1, max: 4 });
const box = fc
  .tuple(fc.nat(4), fc.nat(4), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }))
  .map((b) => b.map((v) => 8 * v));
const truth = fc.record({ image_id: fc.nat(2), category_id: category, bbox: box, ignore: fc.constantFrom(0, 0, 0, 1) });
const found = fc.record({ image_id: fc.nat(2), category_id: category, bbox: box });
const lists = fc.tuple(fc.uniqueArray(category), fc.uniqueArray(category));
const FREQUENCIES = ['r', 'c', 'f', 'f'];

describe('LVIS AP', () => {
  test('equals a slow reference on random federated sets', () => {
    fc.assert(
      fc.property(
        fc.array(truth, { minLength: 1, maxLength: 12 }),
        fc.array(found, { minLength: 1, maxLength: 18 }),
        fc.tuple(lists, lists, lists),
        (truths, detections, perImage) => {
          const dataset: Dataset = {
            images: perImage.map(([absent, partial], id) => {
              return { id, neg_category_ids: absent, not_exhaustive_category_ids: partial };
            }),
            categories: FREQUENCIES.map((frequency, i) => ({ id: i + 1, frequency })),
            annotations: truths.map((ann, i) => ({ ...ann, id: i + 1, area: ann.bbox[2]! * ann.bbox[3]! })),
          };
          // Scores differ, so that neither side depends on the order of equal ones.
          const results = detections.map((record, i) => ({ ...record, score: ((i * 7) % 19) / 19 }));
          const gt = new COCO(dataset);
          const result = lvisEvaluate(gt, gt.loadRes(results), { iouType: 'bbox', maxDetections: 4 });
          expect(result.AP).toBeCloseTo(slowMean(dataset, results, 0), 10);
          expect(result.APs).toBeCloseTo(slowMean(dataset, results, 1), 10);
          expect(result.APm).toBeCloseTo(slowMean(dataset, results, 2), 10);
          expect(result.APl).toBeCloseTo(slowMean(dataset, results, 3), 10);
          expect(result.APr).toBeCloseTo(slowMean(dataset, results, 0, 'r'), 10);
          expect(result.APc).toBeCloseTo(slowMean(dataset, results, 0, 'c'), 10);
          expect(result.APf).toBeCloseTo(slowMean(dataset, results, 0, 'f'), 10);
        },
      ),
      { numRuns: 60 },
    );
  });

  const image = { id: 1, neg_category_ids: [2], not_exhaustive_category_ids: [3] };
  const ann = { image_id: 1, bbox: [0, 0, 10, 10] };
  const gt = new COCO({
    images: [image, { ...image, id: 2, neg_category_ids: [] }],
    categories: ['f', 'c', 'r', 'f'].map((frequency, i) => ({ id: i + 1, frequency })),
    annotations: [1, 3].map((category_id) => ({ ...ann, id: category_id, category_id, area: 100 })),
  });

  test('leaves detections of unchecked categories out, and counts those of absent ones', () => {
    const hits = [1, 3].map((category_id) => ({ ...ann, category_id, score: 0.5 }));
    const stray = (category_id: number, image_id = 1) => ({ image_id, category_id, bbox: [50, 50, 9, 9], score: 0.9 });
    const ap = (...more: ResultRecord[]) => lvisEvaluate(gt, gt.loadRes([...hits, ...more]), { iouType: 'bbox' });
    expect(ap()).toMatchObject({ AP50: expect.closeTo(1, 12), APr: expect.closeTo(1, 12), APc: -1, AR: 1 });
    // Category 4 was not looked for, 1 not in the second image, and 3 was not marked exhaustively.
    expect(ap(stray(4), stray(1, 2), stray(3)).AP).toBeCloseTo(1, 12);
    // In the first image category 1 is known: a miss ahead of its only hit.
    expect(ap(stray(1)).APf).toBeCloseTo(0.5, 12);
    expect(lvisEvaluate(gt, gt.loadRes([...hits, stray(1)]), { iouType: 'bbox', maxDetections: 1 }).AP).toBe(0);
  });

  test('says what an image or category lacks', () => {
    const bare = new COCO({
      images: [{ id: 1 }],
      categories: [{ id: 1, frequency: 'r' }],
      annotations: [{ ...ann, id: 1, category_id: 1 }],
    });
    const dt = bare.loadRes([{ ...ann, category_id: 1, score: 1 }]);
    expect(() => lvisEvaluate(bare, dt)).toThrow('image 1 has no neg_category_ids');
    bare.dataset.categories = [{ id: 1 }];
    expect(() => lvisEvaluate(bare, dt)).toThrow('category 1: frequency undefined is not r, c or f');
  });
});
