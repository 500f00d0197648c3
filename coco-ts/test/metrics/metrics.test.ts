import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bootstrap,
  COCO,
  COCOeval,
  calibration,
  cellsOfArea,
  compare,
  confusionMatrix,
  datasetStats,
  f1Curve,
  mask,
  outcomes,
  panopticQuality,
  perClass,
  precisionRecall,
  tideErrors,
} from '../../src/index.js';

const gt = new COCO({
  images: [1, 2].map((id) => ({ id, width: 100, height: 100 })),
  categories: [
    { id: 1, name: 'cat' },
    { id: 2, name: 'dog' },
  ],
  annotations: [
    { id: 1, image_id: 1, category_id: 1, bbox: [0, 0, 10, 10], area: 100, iscrowd: 0 },
    { id: 2, image_id: 1, category_id: 2, bbox: [50, 0, 10, 10], area: 100, iscrowd: 0 },
    { id: 3, image_id: 2, category_id: 1, bbox: [0, 0, 40, 40], area: 1600, iscrowd: 0 },
    { id: 4, image_id: 2, category_id: 1, bbox: [60, 60, 30, 30], area: 900, iscrowd: 1 },
    { id: 5, image_id: 2, category_id: 2, bbox: [0, 80, 9, 9], area: 81, iscrowd: 0 },
  ],
});
const dt = gt.loadRes([
  { image_id: 1, category_id: 1, bbox: [0, 0, 10, 10], score: 0.9 }, // correct
  { image_id: 1, category_id: 1, bbox: [0, 0, 10, 9], score: 0.8 }, // duplicate
  { image_id: 1, category_id: 1, bbox: [50, 0, 10, 10], score: 0.7 }, // a dog called cat
  { image_id: 2, category_id: 1, bbox: [0, 0, 40, 12], score: 0.6 }, // right class, poor place
  { image_id: 2, category_id: 1, bbox: [60, 60, 10, 10], score: 0.5 }, // inside the crowd
  { image_id: 2, category_id: 2, bbox: [90, 0, 5, 5], score: 0.4 }, // background
]);
const evaluated = (): COCOeval => {
  const evaluation = new COCOeval(gt, dt, 'bbox');
  evaluation.evaluate();
  evaluation.accumulate();
  return evaluation;
};

describe('metrics on a set worked out by hand', () => {
  test('perClass gives AP and AR of each category, whose mean is that of the summary', () => {
    const evaluation = evaluated();
    const rows = perClass(evaluation.eval!, gt);
    evaluation.summarize();
    expect(rows.map(({ name }) => name)).toEqual(['cat', 'dog']);
    expect(rows[1]?.ap50).toBe(0);
    expect((rows[0]!.ap.all! + rows[1]!.ap.all!) / 2).toBeCloseTo(evaluation.stats[0]!, 12);
    expect(rows[0]?.ar.all).toBe(0.5);
    expect(rows[0]?.ap.large).toBe(-1);
  });

  test('confusionMatrix pairs whatever overlaps best, whatever its class', () => {
    const { counts } = confusionMatrix(gt, dt);
    // rows cat, dog, background; columns likewise
    expect([...counts]).toEqual([1, 0, 1, 1, 0, 1, 2, 1, 0]);
  });

  test('tideErrors finds one error of each of five kinds, the miss, and, as tidecv, the detection that the crowd hides from AP', () => {
    expect(tideErrors(gt, dt)).toEqual({
      correct: 1,
      classification: 1,
      localization: 1,
      both: 0,
      duplicate: 1,
      background: 2,
      missed: 1,
    });
  });

  test('precisionRecall and f1Curve find the best score', () => {
    const curve = precisionRecall(evaluated().eval!, { category: 0 });
    expect(curve.precision[50]).toBeCloseTo(1, 12);
    expect(curve.precision[51]).toBe(0);
    const { best } = f1Curve(curve);
    expect(best.recall).toBe(0.5);
    expect(best.f1).toBeCloseTo(2 / 3, 12);
    expect(best.score).toBe(0.9);
  });

  test('calibration compares mean score with the share of hits', () => {
    const { expectedError, maximumError, bins } = calibration({
      scores: Float64Array.of(0.95, 0.95, 0.15, 0.15),
      correct: Uint8Array.of(1, 0, 0, 0),
    });
    expect(bins[9]).toMatchObject({ count: 2, confidence: 0.95, accuracy: 0.5 });
    expect(expectedError).toBeCloseTo(0.5 * 0.45 + 0.5 * 0.15, 12);
    expect(maximumError).toBeCloseTo(0.45, 12);
  });

  test('outcomes lists counted detections of one size range', () => {
    const { evalImgs, params } = evaluated();
    const { scores, correct } = outcomes(cellsOfArea(evalImgs, params.areaRng.length, params.imgIds.length));
    expect([...scores].sort()).toEqual([0.4, 0.6, 0.7, 0.8, 0.9]);
    expect(correct.reduce((sum, hit) => sum + hit, 0)).toBe(1);
  });

  test('bootstrap surrounds the AP of the summary and repeats for a seed', () => {
    const evaluation = evaluated();
    evaluation.summarize();
    const interval = bootstrap(evaluation, { samples: 40, seed: 3 });
    expect(interval.estimate).toBeCloseTo(evaluation.stats[0]!, 12);
    expect(interval.low).toBeLessThanOrEqual(interval.estimate);
    expect(interval.high).toBeGreaterThanOrEqual(interval.estimate);
    expect(bootstrap(evaluated(), { samples: 40, seed: 3 })).toEqual(interval);
  });

  test('compare finds no difference of a detector from itself, and one from a better one', () => {
    expect(compare(evaluated(), evaluated(), { samples: 20 })).toEqual({
      difference: { estimate: 0, low: 0, high: 0 },
      pValue: 1,
    });
    const perfect = new COCOeval(
      gt,
      gt.loadRes(
        gt.dataset.annotations!.map(({ image_id, category_id, bbox }) => ({
          image_id,
          category_id,
          bbox: bbox!,
          score: 1,
        })),
      ),
      'bbox',
    );
    perfect.evaluate();
    const { difference, pValue } = compare(perfect, evaluated(), { samples: 50 });
    expect(difference.low).toBeGreaterThan(0);
    expect(pValue).toBe(0);
  });

  test('datasetStats counts by size and category', () => {
    expect(datasetStats(gt)).toMatchObject({ images: 2, annotations: 5, crowds: 1, small: 4, medium: 1, large: 0 });
  });
});

describe('panopticQuality', () => {
  const segments = [
    { id: 1, category: 7 },
    { id: 2, category: 8 },
  ];

  test('is 1 for equal pictures', () => {
    const image = { ids: Int32Array.of(1, 1, 2, 2), segments };
    expect(panopticQuality([[image, image]]).mean).toEqual({ pq: 1, sq: 1, rq: 1 });
  });

  test('multiplies the IoU of matches by the F1 of segments, void pixels left out', () => {
    const truth = { ids: Int32Array.of(1, 1, 1, 0, 2, 2), segments };
    const prediction = { ids: Int32Array.of(1, 1, 1, 1, 1, 2), segments };
    const { perCategory } = panopticQuality([[truth, prediction]]);
    // Segment 1: 3 shared of 3 + 5 - 3 - 1 void = 4. Segment 2: 1 of 2, which is no match.
    expect(perCategory.get(7)).toEqual({ pq: 0.75, sq: 0.75, rq: 1 });
    expect(perCategory.get(8)).toEqual({ pq: 0, sq: 0, rq: 0 });
  });

  test('refuses pixels of a segment that is not listed', () => {
    const image = { ids: Int32Array.of(9), segments };
    expect(() => panopticQuality([[image, image]])).toThrow('name segment 9');
  });
});

const square = {
  height: 6,
  width: 7,
  data: Uint8Array.from({ length: 42 }, (_, p) => (p % 6 >= 1 && p % 6 <= 4 && p >= 6 && p < 36 ? 1 : 0)),
};

describe('mask shapes', () => {
  const rle = mask.encode(square);

  test('boundary is the mask without what lies deeper than the distance', () => {
    expect(mask.area(rle)).toBe(20);
    expect(mask.area(mask.boundary(rle, 1))).toBe(20 - 6);
    expect(mask.boundary(rle, 3)).toEqual(rle);
  });

  test('boundary counts the border of the image as background', () => {
    const full = mask.encode({ height: 5, width: 5, data: new Uint8Array(25).fill(1) });
    expect(mask.area(mask.boundary(full, 1))).toBe(16);
  });

  test('toPolygons traces outer contours and holes', () => {
    expect(mask.toPolygons(rle)).toHaveLength(1);
    expect(mask.toPolygons(mask.boundary(rle, 1))).toHaveLength(2);
    expect(mask.toPolygons(rle)[0]).toHaveLength(8);
  });

  test('the even-odd area of the polygons is the area of the mask', () => {
    const bits = fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 30, maxLength: 30 });
    fc.assert(
      fc.property(bits, (list) => {
        const random = mask.encode({ height: 5, width: 6, data: Uint8Array.from(list) });
        const signed = mask.toPolygons(random).map((polygon) => {
          let twice = 0;
          for (let i = 0; i < polygon.length; i += 2) {
            const j = (i + 2) % polygon.length;
            twice += polygon[i]! * polygon[j + 1]! - polygon[j]! * polygon[i + 1]!;
          }
          return twice / 2;
        });
        // Holes run the other way round and subtract.
        expect(signed.reduce((sum, area) => sum + area, 0)).toBe(mask.area(random));
      }),
    );
  });

  test('flip, crop and resize move pixels where they belong', () => {
    expect(mask.flip(mask.flip(rle, 'horizontal'), 'horizontal')).toEqual(rle);
    expect(mask.area(mask.crop(rle, [1, 1, 5, 4]))).toBe(20);
    expect(mask.area(mask.crop(rle, [-2, -2, 4, 4]))).toBe(1);
    expect(mask.area(mask.resize(rle, 12, 14))).toBe(80);
    expect(mask.resize(mask.resize(rle, 12, 14), 6, 7)).toEqual(rle);
  });
});
