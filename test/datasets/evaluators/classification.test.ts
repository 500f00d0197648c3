import { describe, expect, it } from 'vitest';
import { createClassificationEvaluator, createConfusion, labelError } from '../../../datasets/evaluators/index.js';
import { areaUnderCurve, averagePrecision } from '../../../datasets/evaluators/ranking.js';
import { shapesOf } from '../../../datasets/pictures/index.js';
import type { ClassScores, LabelTruth } from '../../../datasets/sample.js';
import { runEvaluatorCases } from '../../conformance/evaluator.js';

const labelsOf = (count: number) => ({ classes: Array.from({ length: count }, (_, i) => ({ id: i, name: `c${i}` })) });
const truth = (...labels: number[]): LabelTruth => ({ kind: 'labels', labels: Int32Array.from(labels) });
const scores = (isExclusive: boolean, ...values: number[]): ClassScores => ({
  probabilities: Float32Array.from(values),
  isExclusive,
});
const report = (classes: number, images: readonly (readonly [LabelTruth, ClassScores])[]) => {
  const evaluator = createClassificationEvaluator({ labels: labelsOf(classes) });
  for (const [i, [expected, answer]] of images.entries()) evaluator.add(`${i}`, expected, answer);
  return evaluator.report();
};

runEvaluatorCases({
  name: 'classification',
  create: () => createClassificationEvaluator({ labels: labelsOf(2) }),
  images: [
    { id: 'a', truth: truth(0), result: scores(true, 0.75, 0.25) },
    { id: 'b', truth: truth(1), result: scores(true, 0.625, 0.375) },
    { id: 'c', truth: truth(1), result: scores(true, 0.25, 0.75) },
  ],
  headline: ({ top1, balancedAccuracy, macroF1 }) => [top1, balancedAccuracy, macroF1],
  perfect: ({ labels }) => scores(true, ...[0, 1].map((label) => (labels.includes(label) ? 1 : 0))),
});

describe('classes that exclude each other', () => {
  // Truths 0 0 0 1, answers 0 0 1 1: recalls 2/3 and 1, precisions 1 and 1/2.
  const two = report(2, [
    [truth(0), scores(true, 0.875, 0.125)],
    [truth(0), scores(true, 0.75, 0.25)],
    [truth(0), scores(true, 0.25, 0.75)],
    [truth(1), scores(true, 0.375, 0.625)],
  ]);

  it('are counted by hand-worked figures', () => {
    expect(two.top1).toBe(0.75);
    expect(two).not.toHaveProperty('top5');
    expect(two.balancedAccuracy).toBeCloseTo((2 / 3 + 1) / 2, 12);
    expect(two.macroF1).toBeCloseTo((0.8 + 2 / 3) / 2, 12);
    expect(two.perClass).toEqual([
      { name: 'c0', images: 3, precision: 1, recall: 2 / 3, f1: 0.8 },
      { name: 'c1', images: 1, precision: 0.5, recall: 1, f1: 2 / 3 },
    ]);
    // Bins of 1/15: 0.875 alone (right), both 0.75 (one right), 0.625 alone (right).
    expect(two.calibrationError).toBeCloseTo((0.125 + 2 * 0.25 + 0.375) / 4, 12);
    expect(two.AUC).toBeCloseTo(2 / 3, 12); // 0.625 ranks before two of three
  });

  it('have the five best, and of equal ones the first', () => {
    const flat = scores(true, ...Array(8).fill(0.125));
    const found = report(8, [
      [truth(4), flat],
      [truth(5), flat],
      [truth(0), flat],
    ]);
    expect([found.top1, found.top5]).toEqual([1 / 3, 2 / 3]);
  });

  it('fill a confusion whose cells are images', () => {
    const confusion = createConfusion(3, 0.3);
    confusion.add(truth(2), scores(true, 0.1, 0.6, 0.3));
    confusion.add(truth(1), scores(true, 0.1, 0.6, 0.3));
    expect(confusion.rows()).toEqual([
      [0, 0, 0],
      [0, 1, 0],
      [0, 1, 0],
    ]);
    expect(createConfusion(5000, 0.3).rows()).toEqual([]);
    expect(labelError(truth(2), scores(true, 0.25, 0.5, 0.25))).toBe(0.75);
  });
});

describe('classes that do not exclude each other', () => {
  const many = report(3, [
    [truth(0, 1), scores(false, 0.875, 0.25, 0.125)],
    [truth(1), scores(false, 0.625, 0.75, 0.125)],
    [truth(), scores(false, 0.125, 0.125, 0.125)],
  ]);

  it('are counted each by itself', () => {
    expect(many.perClass.map(({ precision, recall, AP }) => [precision, recall, AP])).toEqual([
      [0.5, 1, 1],
      [1, 0.5, 1],
      [null, null, null],
    ]);
    expect(many.top1).toBeCloseTo(2 / 3, 12);
    expect(many.mAP).toBe(1);
    expect(many.AUC).toBe(1);
    // Recalls of "there" and of "not": (1, 1/2), (1/2, 1), and of the class that no image has 1 alone.
    expect(many.balancedAccuracy).toBeCloseTo((0.75 + 0.75 + 1) / 3, 12);
  });

  it('are paired with nothing where they were missed or too many', () => {
    const confusion = createConfusion(2, 0.3);
    confusion.add(truth(0), scores(false, 0.2, 0.9));
    expect(confusion.rows()).toEqual([
      [0, 0, 1],
      [0, 0, 0],
      [0, 1, 0],
    ]);
    expect(shapesOf(scores(false, 0.2, 0.9)).labels).toEqual([{ label: 1, score: 0.9 }]);
    expect(labelError(truth(0), scores(false, 0.25, 0.5))).toBe(0.75);
  });
});

it('ranks are measured as scikit-learn documents them', () => {
  const [values, isTrue] = [
    [0.1, 0.4, 0.35, 0.8],
    [false, false, true, true],
  ];
  expect(areaUnderCurve(values!, isTrue!)).toBe(0.75);
  expect(averagePrecision(values!, isTrue!)).toBeCloseTo(0.8333333333, 9);
  expect(areaUnderCurve([1, 1], [true, false])).toBe(0.5);
  expect(areaUnderCurve([1], [true])).toBeNull();
  expect(averagePrecision([1], [false])).toBeNull();
});

it('another number of classes is refused with both numbers', () => {
  const evaluator = createClassificationEvaluator({ labels: labelsOf(3) });
  expect(() => evaluator.add('x', truth(0), scores(true, 1, 0))).toThrow(
    /x: 2 probabilities, the data set has 3 classes/,
  );
  expect(() => evaluator.add('x', truth(7), scores(true, 1, 0, 0))).toThrow(/x: class 7, the data set has 3 classes/);
  expect(evaluator.report().top1).toBeNull();
});
