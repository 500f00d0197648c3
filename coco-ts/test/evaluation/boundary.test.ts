import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { COCO, COCOeval, mask } from '../../src/index.js';
import { difference } from '../goldens.js';

const [H, W] = [30, 40];

/** A filled rectangle as compressed RLE. */
function rectangle(x: number, y: number, w: number, h: number, height = H, width = W) {
  const data = new Uint8Array(height * width);
  for (let i = x; i < x + w; i++) for (let j = y; j < y + h; j++) data[i * height + j] = 1;
  return mask.encode({ data, height, width });
}

/** Mask minus erosion by a square, pixel by pixel, outside counting as background. */
function slowBoundary(data: Uint8Array, height: number, width: number, distance: number): Uint8Array {
  const at = (x: number, y: number): number =>
    x >= 0 && x < width && y >= 0 && y < height ? data[x * height + y]! : 0;
  const out = new Uint8Array(data.length);
  for (let x = 0; x < width; x++) {
    for (let y = 0; y < height; y++) {
      let inside = 1;
      for (let dx = -distance; dx <= distance; dx++)
        for (let dy = -distance; dy <= distance; dy++) inside &= at(x + dx, y + dy);
      out[x * height + y] = at(x, y) & (inside ^ 1);
    }
  }
  return out;
}

describe('boundary', () => {
  test('is the mask minus its erosion, whatever the mask', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 12 }),
        fc.nat(3),
        fc.infiniteStream(fc.nat(9)),
        (height, width, distance, stream) => {
          const data = Uint8Array.from({ length: height * width }, () => (stream.next().value! < 8 ? 1 : 0));
          const rle = mask.encode({ data, height, width });
          const expected = mask.encode({ data: slowBoundary(data, height, width, distance), height, width });
          expect(mask.boundary(rle, distance)).toEqual(expected);
        },
      ),
      { numRuns: 300 },
    );
    expect(mask.boundary(rectangle(0, 0, 0, 0), 2)).toEqual(rectangle(0, 0, 0, 0));
  });

  test('is 2 % of the diagonal wide, halves rounded to even: 12 pixels for 375x500', () => {
    const full = rectangle(0, 0, 500, 375, 375, 500);
    expect(mask.area(mask.boundary(full))).toBe(375 * 500 - (375 - 24) * (500 - 24));
    const tiny = rectangle(0, 0, 10, 10, 10, 10);
    expect(mask.area(mask.boundary(tiny))).toBe(100 - 64);
  });
});

const box = fc.tuple(fc.nat(20), fc.nat(14), fc.integer({ min: 1, max: 18 }), fc.integer({ min: 1, max: 14 }));
const category = fc.integer({ min: 1, max: 2 });
const truth = fc.record({ box, category_id: category, iscrowd: fc.constantFrom(0, 0, 0, 1) });
const found = fc.record({ box, category_id: category, score: fc.constantFrom(0.2, 0.5, 0.5, 0.9) });

describe('boundary AP', () => {
  test('matches by the smaller of mask and boundary IoU, crowds by that of masks', () => {
    fc.assert(
      fc.property(
        fc.array(truth, { maxLength: 6 }),
        fc.array(found, { minLength: 1, maxLength: 8 }),
        (truths, detections) => {
          const gt = new COCO({
            images: [{ id: 1, height: H, width: W }],
            categories: [{ id: 1 }, { id: 2 }],
            annotations: truths.map(({ box: [x, y, w, h], ...rest }, i) => {
              return { ...rest, id: i + 1, image_id: 1, area: w * h, segmentation: rectangle(x, y, w, h) };
            }),
          });
          const results = detections.map(({ box: [x, y, w, h], ...rest }) => ({
            ...rest,
            image_id: 1,
            segmentation: rectangle(x, y, w, h),
          }));
          const evaluation = new COCOeval(gt, gt.loadRes(results), 'boundary');
          evaluation.evaluate();
          for (const id of [1, 2]) {
            const own = truths.filter((ann) => ann.category_id === id);
            const ranked = results.filter((result) => result.category_id === id).sort((a, b) => b.score - a.score);
            const masks = own.map(({ box: [x, y, w, h] }) => rectangle(x, y, w, h));
            const expected = ranked.flatMap(({ segmentation }) =>
              own.map(({ iscrowd }, g) => {
                const whole = mask.iou([segmentation], [masks[g]!], [iscrowd]).data[0]!;
                const edges = [[mask.boundary(segmentation)], [mask.boundary(masks[g]!)]] as const;
                return iscrowd ? whole : Math.min(whole, mask.iou(...edges, [0]).data[0]!);
              }),
            );
            expect(difference(evaluation.computeIoU(1, id).data, expected)).toBeNull();
          }
          evaluation.accumulate();
          const quick = evaluation.eval!;
          expect(evaluation.evalImgs.length).toBeGreaterThan(0);
          evaluation.accumulate();
          expect(difference(quick.precision, evaluation.eval!.precision)).toBeNull();
          expect(difference(quick.scores, evaluation.eval!.scores)).toBeNull();
        },
      ),
      { numRuns: 100 },
    );
  });

  test('falls faster than mask AP when an outline is off', () => {
    const gt = new COCO({
      images: [{ id: 1, height: 200, width: 200 }],
      categories: [{ id: 1 }],
      annotations: [
        {
          id: 1,
          image_id: 1,
          category_id: 1,
          area: 10000,
          iscrowd: 0,
          segmentation: rectangle(20, 20, 100, 100, 200, 200),
        },
      ],
    });
    const dt = gt.loadRes([
      { image_id: 1, category_id: 1, score: 1, segmentation: rectangle(22, 20, 100, 100, 200, 200) },
    ]);
    const ap = (type: 'segm' | 'boundary'): number => {
      const evaluation = new COCOeval(gt, dt, type);
      evaluation.evaluate();
      evaluation.accumulate();
      evaluation.summarize();
      return evaluation.stats[0]!;
    };
    // Masks share 98 of 102 columns: 0.96 passes all ten thresholds. Boundaries are 6 wide, 100 * 100 - 88 * 88 = 2256 pixels each; they
    // share 98 * 100 less the 90 * 88 that are inside either, 1880: 1880 / (2 * 2256 - 1880) = 0.714 passes 0.5 to 0.7.
    expect(ap('segm')).toBeCloseTo(1, 12);
    expect(ap('boundary')).toBeCloseTo(0.5, 12);
  });
});
