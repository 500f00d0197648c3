import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  COCO,
  COCOeval,
  CocoError,
  type Dataset,
  type IouType,
  type ResultRecord,
  type TruthRecord,
} from '../../src/index.js';
import { difference } from '../goldens.js';

const box = fc.tuple(fc.nat(4), fc.nat(4), fc.nat(5), fc.nat(5)).map(([x, y, w, h]) => [4 * x, 4 * y, 4 * w, 4 * h]);
const truth = fc.record({
  image_id: fc.integer({ min: 1, max: 4 }),
  category_id: fc.integer({ min: 1, max: 3 }),
  bbox: box,
  area: fc.constantFrom(50, 400, 1024, 5000),
  iscrowd: fc.constantFrom(0, 0, 0, 1),
  keypoints: fc.array(fc.nat(30), { minLength: 51, maxLength: 51 }),
});
const found = fc.record({
  image_id: fc.integer({ min: 1, max: 4 }),
  category_id: fc.integer({ min: 1, max: 3 }),
  bbox: box,
  keypoints: fc.array(fc.nat(30), { minLength: 51, maxLength: 51 }),
  score: fc.constantFrom(0.1, 0.5, 0.5, 0.9, Number.NaN),
});
const order = fc.shuffledSubarray([1, 2, 3, 4], { minLength: 4, maxLength: 4 });

const images = [1, 2, 3, 4].map((id) => ({ id, width: 48, height: 48 }));
const categories = [3, 1, 2].map((id) => ({ id, name: `c${id}` }));

function dataset(truths: readonly TruthRecord[]): Dataset {
  const annotations = truths.map((ann, index) => {
    const [x, y, w, h] = ann.bbox as [number, number, number, number];
    const segmentation = [[x, y, x + w + 1, y, x + w + 1, y + h + 1, x, y + h + 1]];
    return { ...ann, image_id: ann.image_id ?? 0, id: index + 1, num_keypoints: index % 3, segmentation };
  });
  return { images, categories, annotations };
}

/** The fields a detector of the type writes. */
function results(gt: COCO, list: readonly (ResultRecord & { bbox: number[] })[], type: IouType): ResultRecord[] {
  return list.map(({ bbox, keypoints, ...rest }) => {
    if (type === 'bbox') return { ...rest, bbox };
    if (type === 'keypoints') return { ...rest, keypoints: keypoints ?? [] };
    const [x, y, w, h] = bbox as [number, number, number, number];
    const segmentation = gt.annToRLE({ image_id: 1, segmentation: [[x, y, x + w + 2, y, x, y + h + 2]] });
    return { ...rest, segmentation };
  });
}

describe('add', () => {
  for (const type of ['bbox', 'segm', 'keypoints'] as const) {
    test(`gives what evaluate gives on the whole set, whatever the order of images: ${type}`, () => {
      fc.assert(
        fc.property(
          fc.array(truth, { maxLength: 14 }),
          fc.array(found, { minLength: 1, maxLength: 20 }),
          order,
          (truths, detections, arrival) => {
            const whole = dataset(truths);
            const gt = new COCO(whole);
            const list = results(gt, detections, type);
            const batch = new COCOeval(gt, gt.loadRes(list), type);
            batch.evaluate();
            batch.accumulate();
            batch.summarize();

            const arriving = new COCOeval(new COCO<'instances'>({ images, categories, annotations: [] }), null, type);
            for (const image of arrival) {
              arriving.add(
                image,
                whole.annotations!.filter((ann) => ann.image_id === image),
                list.filter((result) => result.image_id === image),
              );
            }
            arriving.accumulate();
            arriving.summarize();
            for (const key of ['precision', 'recall', 'scores'] as const)
              expect(difference(arriving.eval![key], batch.eval![key]), key).toBeNull();
            expect(difference(arriving.stats, batch.stats)).toBeNull();
          },
        ),
        { numRuns: 60 },
      );
    });
  }

  test('takes boxes in columns for the same as in records', () => {
    fc.assert(
      fc.property(fc.array(truth, { maxLength: 14 }), fc.array(found, { maxLength: 20 }), (truths, detections) => {
        const { annotations = [] } = dataset(truths);
        const sides = [new COCOeval(null, null, 'bbox'), new COCOeval(null, null, 'bbox')] as const;
        for (const side of sides) side.params.catIds = [1, 2];
        for (const { id } of images) {
          const gts = annotations.filter((ann) => ann.image_id === id);
          const dts = detections.filter((result) => result.image_id === id);
          sides[0].add(
            id,
            gts.map((ann, i) => ({ ...ann, id: i + 1 })),
            dts.map(({ image_id, category_id, bbox, score }) => ({ image_id, category_id, bbox, score })),
          );
          sides[1].addBoxes(
            id,
            {
              boxes: gts.flatMap(({ bbox }) => bbox ?? []),
              categories: gts.map(({ category_id }) => Number(category_id)),
              areas: gts.map(({ area }) => area ?? 0),
              crowds: gts.map(({ iscrowd }) => iscrowd ?? 0),
            },
            {
              boxes: dts.flatMap(({ bbox }) => bbox),
              categories: dts.map(({ category_id }) => category_id),
              scores: dts.map(({ score }) => score),
            },
          );
        }
        for (const side of sides) side.accumulate();
        for (const key of ['precision', 'recall', 'scores'] as const)
          expect(difference(sides[1].eval![key], sides[0].eval![key]), key).toBeNull();
      }),
      { numRuns: 80 },
    );
    const uneven = { boxes: [1, 2, 3], categories: [7], areas: [1], crowds: [0] };
    expect(() => one().addBoxes(1, uneven, { boxes: [], categories: [], scores: [] })).toThrow(
      '1 categories, but boxes of 0.75 rows',
    );
  });

  const one = () => {
    const evaluation = new COCOeval(null, null, 'bbox');
    evaluation.params.catIds = [7];
    return evaluation;
  };
  const cat = { category_id: 7, bbox: [0, 0, 10, 10], area: 100, iscrowd: 0 };

  test('needs no truth file: ids of truths and a size of the image may be absent', () => {
    const evaluation = one();
    evaluation.add('a.jpg', [cat, { ...cat, bbox: [50, 50, 10, 10] }], [{ ...cat, score: 0.5 }]);
    evaluation.add('b.jpg', [], []);
    evaluation.accumulate();
    evaluation.summarize();
    expect(evaluation.params.imgIds).toEqual(['a.jpg', 'b.jpg']);
    // One of two truths is found: precision is 1 at the 51 recalls from 0 to 0.5.
    expect(evaluation.stats[0]).toBeCloseTo(51 / 101, 12);
    expect(evaluation.stats[8]).toBe(0.5);
  });

  test('more images may be added after a look at the result', () => {
    const evaluation = one();
    evaluation.add(1, [cat], [{ ...cat, score: 0.5 }]);
    evaluation.accumulate();
    evaluation.summarize();
    expect(evaluation.stats[0]).toBeCloseTo(1, 12);
    evaluation.add(2, [cat], []);
    expect(evaluation.eval).toBeNull();
    evaluation.accumulate();
    evaluation.summarize();
    expect(evaluation.stats[8]).toBe(0.5);
  });

  test('refuses an image twice, changed params, no categories, and a look at single matchings', () => {
    const evaluation = one();
    evaluation.add(1, [cat], []);
    expect(() => evaluation.add(1, [cat], [])).toThrow('image 1 was added before');
    expect(() => evaluation.evalImgs).toThrow(CocoError);
    evaluation.params.iouThrs = [0.5];
    expect(() => evaluation.add(2, [cat], [])).toThrow('params changed');
    expect(() => evaluation.accumulate()).toThrow('params changed');
    expect(() => new COCOeval(null, null, 'bbox').add(1, [cat], [])).toThrow('params.catIds');
    const pooled = one();
    pooled.params.useCats = 0;
    expect(() => pooled.add(1, [cat], [])).toThrow('useCats');
  });
});
