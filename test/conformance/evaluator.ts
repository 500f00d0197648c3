import { describe, expect, test } from 'vitest';
import type { Evaluator } from '../../datasets/evaluators/evaluator.js';

export interface EvaluatedImage<Truth, Result> {
  readonly id: string;
  readonly truth: Truth;
  readonly result: Result;
}

export interface EvaluatorCases<Truth, Result, Report> {
  readonly name: string;
  create(): Evaluator<Truth, Result, Report>;
  /** At least three images, answered imperfectly; scores without ties. */
  readonly images: readonly EvaluatedImage<Truth, Result>[];
  /** The answer that equals a truth. */
  perfect(truth: Truth): Result;
  /** The headline numbers: 1 for perfect answers. */
  headline(report: Report): readonly (number | null)[];
}

/** What every evaluator promises. */
export function runEvaluatorCases<Truth, Result, Report>(cases: EvaluatorCases<Truth, Result, Report>): void {
  const { create, images, headline } = cases;
  const reportOf = (list: readonly EvaluatedImage<Truth, Result>[]): Report => {
    const evaluator = create();
    for (const { id, truth, result } of list) evaluator.add(id, truth, result);
    return evaluator.report();
  };

  describe(`${cases.name} as an evaluator`, () => {
    test('reports the same twice, and goes on afterwards', () => {
      const evaluator = create();
      for (const { id, truth, result } of images.slice(1)) evaluator.add(id, truth, result);
      expect(evaluator.report()).toEqual(evaluator.report());
      const [first] = images;
      if (first) evaluator.add(first.id, first.truth, first.result);
      const numbers = headline(evaluator.report());
      headline(reportOf(images)).forEach((value, i) => {
        expect(numbers[i]).toBeCloseTo(value ?? Number.NaN, 9);
      });
    });

    test('does not depend on the order of the images', () => {
      const numbers = headline(reportOf([...images].reverse()));
      headline(reportOf(images)).forEach((value, i) => {
        expect(numbers[i]).toBeCloseTo(value ?? Number.NaN, 9);
      });
    });

    test('refuses an image added twice', () => {
      const evaluator = create();
      const [first] = images;
      if (!first) throw new Error('no image');
      evaluator.add(first.id, first.truth, first.result);
      expect(() => evaluator.add(first.id, first.truth, first.result)).toThrow(/already evaluated/);
    });

    test('leaves truths and answers as they were', () => {
      const before = structuredClone(images);
      reportOf(images);
      expect(images).toEqual(before);
    });

    test('gives fractions: imperfect answers between 0 and 1, perfect ones 1', () => {
      for (const value of headline(reportOf(images))) {
        expect(value).toBeGreaterThan(0);
        expect(value).toBeLessThan(1);
      }
      const right = images.map(({ id, truth }) => ({ id, truth, result: cases.perfect(truth) }));
      for (const value of headline(reportOf(right))) expect(value).toBeCloseTo(1, 12);
    });

    test('says that nothing was measured when nothing was added', () => {
      for (const value of headline(create().report())) expect(value).toBeNull();
    });
  });
}
