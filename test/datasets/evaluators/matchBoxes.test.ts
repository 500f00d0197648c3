import { describe, expect, it } from 'vitest';
import { createConfusion } from '../../../datasets/evaluators/confusion.js';
import { classCurves } from '../../../datasets/evaluators/curves.js';
import { boxIou, matchBoxes } from '../../../datasets/evaluators/matchBoxes.js';
import type { DetectionTruth } from '../../../datasets/sample.js';

/** Two objects of class 0, one of class 1, and a crowd of class 0. */
const truth: DetectionTruth = {
  kind: 'boxes',
  boxes: Float64Array.of(0, 0, 10, 10, 20, 0, 30, 10, 0, 20, 10, 30, 50, 50, 90, 90),
  labels: Int32Array.of(0, 0, 1, 0),
  ignored: Uint8Array.of(0, 0, 0, 1),
  areas: Float64Array.of(100, 100, 100, 1600),
};
/** A hit, the same again, a wrong class, one in the crowd, one on nothing, one below the threshold. */
const answer = {
  boxes: Float32Array.of(0, 0, 10, 9, 0, 0, 10, 10, 0, 20, 10, 30, 50, 50, 90, 88, 70, 0, 80, 10, 20, 0, 30, 10),
  labels: Int32Array.of(0, 0, 0, 0, 1, 0),
  scores: Float32Array.of(0.9, 0.8, 0.7, 0.6, 0.5, 0.1),
};

describe('boxes', () => {
  it('overlap by intersection over union, empty ones not at all', () => {
    expect(boxIou([0, 0, 2, 2], 0, [1, 1, 3, 3], 0)).toBeCloseTo(1 / 7, 12);
    expect(boxIou([1, 1, 1, 1], 0, [1, 1, 1, 1], 0)).toBe(0);
  });

  it('are hits, extra and missed', () => {
    const { hits, extra, missed } = matchBoxes(truth, answer, { threshold: 0.3 });
    expect(hits.map(({ truth: t, detection }) => [t, detection])).toEqual([[0, 0]]);
    expect(extra).toEqual([1, 2, 4]); // the crowd's is left out
    expect(missed).toEqual([1, 2]);
  });
});

describe('a confusion', () => {
  it('of boxes counts what truths were answered as; the last row and column are nothing', () => {
    const confusion = createConfusion(2, 0.3);
    confusion.add(truth, answer);
    expect(confusion.rows()).toEqual([
      [1, 0, 1], // one found, one missed
      [1, 0, 0], // found as the other class
      [1, 1, 0], // the duplicate, and the box on nothing
    ]);
  });

  it('of class maps counts pixels that are not ignored', () => {
    const confusion = createConfusion(2, 0.3);
    const size = { width: 2, height: 2 };
    confusion.add(
      { kind: 'classMap', mask: Uint8Array.of(0, 1, 1, 255), ...size },
      { mask: Uint8Array.of(0, 0, 1, 1), ...size },
    );
    expect(confusion.rows()).toEqual([
      [1, 0],
      [1, 1],
    ]);
  });
});

describe('curves', () => {
  it('have the precision at each recall, and the threshold of the best F1; none without a truth', () => {
    const labels = { classes: ['a', 'b', 'c'].map((name, id) => ({ id, name })) };
    const [a, , c] = classCurves(labels, [{ truth, result: answer }]);
    expect(a?.precision?.[0]).toBeCloseTo(1, 12);
    expect(a?.precision?.at(-1)).toBeCloseTo(2 / 4, 12); // both found among four that count
    expect(a?.best?.f1).toBeCloseTo(2 / 3, 2);
    expect(c).toMatchObject({ precision: null, best: null });
  });
});
