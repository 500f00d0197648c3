import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { topIndices } from '../../../heads/boxes/candidates.js';
import { boxIou } from '../../../heads/boxes/iou.js';
import { suppressAtOnce } from '../../../heads/boxes/matrixNms.js';
import { type Candidates, suppress } from '../../../heads/boxes/nms.js';
import { suppressSoftly } from '../../../heads/boxes/softNms.js';
import { suppressed } from '../../../heads/boxes/suppression.js';

// 10 x 10 boxes in a row, shifted by 0, 2, 5 and 20 px: IoU with the first 8/12, 5/15 and 0; of the second and third 7/13
const boxes = Float64Array.from([0, 0, 10, 10, 2, 0, 12, 10, 5, 0, 15, 10, 20, 0, 30, 10]);
const candidates = (labels: readonly number[]): Candidates => ({
  boxes,
  labels: Int32Array.from(labels),
  scores: Float32Array.from([0.9, 0.8, 0.7, 0.6]),
});

describe('non-maximum suppression', () => {
  it('computes the overlap of boxes', () => {
    expect(boxIou(boxes, 0, 1)).toBeCloseTo(8 / 12, 12);
    expect(boxIou(boxes, 1, 2)).toBeCloseTo(7 / 13, 12);
    expect(boxIou(boxes, 0, 3)).toBe(0);
    expect(boxIou([1, 1, 1, 1, 1, 1, 1, 1], 0, 1)).toBe(0);
  });

  it('removes what a better box of its class overlaps, not what a removed box overlaps', () => {
    expect(suppress(candidates([0, 0, 0, 0]), 0.5, 100).rows).toEqual([0, 2, 3]);
  });

  it('leaves other classes alone', () => {
    expect(suppress(candidates([0, 1, 0, 0]), 0.3, 100).rows).toEqual([0, 1, 3]);
  });

  it('keeps a box at exactly the threshold, and all boxes at 1', () => {
    expect(suppress(candidates([0, 0, 0, 0]), 8 / 12, 100).rows).toEqual([0, 1, 2, 3]);
    expect(suppress(candidates([0, 0, 0, 0]), 1, 100).rows).toEqual([0, 1, 2, 3]);
  });

  it('stops at the limit and survives an empty list', () => {
    expect(suppress(candidates([0, 0, 0, 0]), 0.5, 2).rows).toEqual([0, 2]);
    const none = { boxes: new Float64Array(0), labels: new Int32Array(0), scores: new Float32Array(0) };
    expect(suppress(none, 0.5, 100).rows).toEqual([]);
    expect(suppressSoftly(none, { sigma: 0.5, minimumScore: 0.001, limit: 100 }).rows).toEqual([]);
  });
});

describe('suppression as a setting', () => {
  const options = { maxCandidates: 9, maxDetections: 9, scoreThreshold: 0, iouThreshold: 0.5 } as const;

  it('is among boxes of a class, or of any class where it is agnostic, and keeps their classes', () => {
    const labels = [0, 1, 1, 0];
    expect([...suppressed(candidates(labels), { ...options, suppression: 'hard' }).labels]).toEqual([0, 1, 0]);
    const agnostic = suppressed(candidates(labels), { ...options, suppression: 'agnostic' });
    expect([...agnostic.labels]).toEqual([0, 1, 0]);
    expect([...agnostic.boxes.subarray(4, 8)]).toEqual([5, 0, 15, 10]);
    expect([...suppressed(candidates(labels), { ...options, suppression: 'hard' }).boxes.subarray(4, 8)]).toEqual([
      2, 0, 12, 10,
    ]);
  });

  it('lowers all scores at once where it is matrix', () => {
    const { rows, scores } = suppressAtOnce(candidates([0, 0, 0, 0]), { sigma: 2, minimumScore: 0.001, limit: 9 });
    // the second by the first; the third by both, by the second less, as that one is overlapped by 8 / 12 itself
    const second = 0.8 * Math.exp(-2 * (8 / 12) ** 2);
    const third = 0.7 * Math.min(Math.exp(-2 * (5 / 15) ** 2), Math.exp(-2 * ((7 / 13) ** 2 - (8 / 12) ** 2)));
    expect(rows).toEqual([0, 3, 2, 1]);
    expect(scores[0]).toBeCloseTo(0.9, 6);
    expect(scores[2]).toBeCloseTo(third, 6);
    expect(scores[3]).toBeCloseTo(second, 6);
    expect(suppressAtOnce(candidates([0, 1, 2, 3]), { sigma: 2, minimumScore: 0.65, limit: 9 }).rows).toEqual([
      0, 1, 2,
    ]);
  });
});

describe('soft suppression', () => {
  it('lowers the scores of overlapping boxes by the Gaussian of their IoU', () => {
    const { rows, scores } = suppressSoftly(candidates([0, 0, 0, 0]), { sigma: 0.5, minimumScore: 0.001, limit: 9 });
    // 0.9 stays; 0.8 -> 0.8 e^(-(8/12)^2 / 0.5) = 0.329; 0.7 -> 0.7 e^(-(5/15)^2 / 0.5) = 0.561; 0.6 stays and comes second
    expect(rows).toEqual([0, 3, 2, 1]);
    expect(scores[2]).toBeCloseTo(0.7 * Math.exp(-((1 / 3) ** 2) / 0.5), 6);
    const second = 0.8 * Math.exp(-((8 / 12) ** 2) / 0.5);
    expect(scores[3]).toBeCloseTo(second * Math.exp(-((7 / 13) ** 2) / 0.5), 6);
  });

  it('drops what falls to the minimum', () => {
    const options = { sigma: 0.5, minimumScore: 0.3, limit: 9 };
    expect(suppressSoftly(candidates([0, 0, 0, 0]), options).rows).toEqual([0, 3, 2]);
  });
});

describe('top indices', () => {
  it('are those of a full sort, for any values', () => {
    const value = fc.float({ min: -4, max: 4, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(value, { maxLength: 60 }),
        fc.integer({ min: 0, max: 20 }),
        value,
        (list, limit, minimum) => {
          const values = Float32Array.from(list);
          const sorted = [...values.keys()]
            .filter((i) => values[i]! >= minimum)
            .sort((a, b) => values[b]! - values[a]! || a - b)
            .slice(0, limit);
          expect([...topIndices(values, limit, minimum)]).toEqual(sorted);
        },
      ),
      { seed: 1 },
    );
  });

  it('leave out what is not a number', () => {
    expect([...topIndices(Float32Array.from([Number.NaN, 2, Number.NaN, 3]), 4, -9)]).toEqual([3, 1]);
  });
});
