import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createSemanticEvaluator } from '../../../datasets/evaluators/semantic.js';
import { type ClassMap, IGNORED, type LabelMap, type SemanticTruth } from '../../../datasets/sample.js';
import { runEvaluatorCases } from '../../conformance/evaluator.js';
import { golden } from '../../data.js';

const labelsOf = (count: number): LabelMap => ({
  classes: Array.from({ length: count }, (_, i) => ({ id: i, name: `c${i}` })),
});
const truthOf = (values: readonly number[], width = values.length): SemanticTruth => ({
  kind: 'classMap',
  mask: Uint8Array.from(values),
  width,
  height: values.length / width,
});
const mapOf = (values: readonly number[], width = values.length): ClassMap => ({
  mask: Uint8Array.from(values),
  width,
  height: values.length / width,
});

runEvaluatorCases({
  name: 'mean intersection over union',
  create: () => createSemanticEvaluator({ labels: labelsOf(3) }),
  images: [
    { id: '1', truth: truthOf([0, 1, 2, IGNORED]), result: mapOf([0, 1, 1, 2]) },
    { id: '2', truth: truthOf([2, 2]), result: mapOf([2, 0]) },
    { id: '3', truth: truthOf([1]), result: mapOf([1]) },
  ],
  perfect: (truth) => ({ ...truth, mask: truth.mask.map((value) => (value === IGNORED ? 0 : value)) }),
  headline: (report) => [report.mIoU, report.pixelAccuracy, report.dice],
});

describe('worked by hand', () => {
  test('counts over the data set, not image by image', () => {
    const evaluator = createSemanticEvaluator({ labels: labelsOf(2) });
    evaluator.add('a', truthOf([0, 0, 0, 1], 2), mapOf([0, 0, 1, 1], 2));
    evaluator.add('b', truthOf([1, 1]), mapOf([1, 0]));
    // confusion: 0 -> 0: 2, 0 -> 1: 1, 1 -> 0: 1, 1 -> 1: 2
    expect(evaluator.report()).toEqual({
      mIoU: 0.5,
      pixelAccuracy: 4 / 6,
      dice: 4 / 6,
      perClassIoU: { c0: 0.5, c1: 0.5 },
      perClassDice: { c0: 4 / 6, c1: 4 / 6 },
      presentClasses: 2,
      pixels: 6,
    });
  });

  test('an absent class is no number and not in the mean; a class only answered is a zero', () => {
    const evaluator = createSemanticEvaluator({ labels: labelsOf(3) });
    evaluator.add('a', truthOf([0, 0]), mapOf([0, 1]));
    const report = evaluator.report();
    expect(report.perClassIoU).toEqual({ c0: 0.5, c1: 0, c2: null });
    expect([report.mIoU, report.presentClasses]).toEqual([0.25, 2]);
  });

  test('ignored pixels count nowhere, whatever was answered there', () => {
    const evaluator = createSemanticEvaluator({ labels: labelsOf(2) });
    evaluator.add('a', truthOf([0, IGNORED, IGNORED, 1]), mapOf([0, 1, 77, 1]));
    expect(evaluator.report()).toMatchObject({ mIoU: 1, pixelAccuracy: 1, dice: 1, pixels: 2 });
  });

  test('only ignored pixels: nothing was measured', () => {
    const evaluator = createSemanticEvaluator({ labels: labelsOf(2) });
    evaluator.add('a', truthOf([IGNORED]), mapOf([0]));
    expect(evaluator.report()).toMatchObject({ mIoU: null, pixelAccuracy: null, dice: null, pixels: 0 });
  });

  test('refuses answers of another size or class, naming both; the image is then not counted', () => {
    const evaluator = createSemanticEvaluator({ labels: labelsOf(2) });
    expect(() => evaluator.add('a.png', truthOf([0, 1], 2), mapOf([0, 1], 1))).toThrow(
      /a\.png: the truth is 2x1, the answer 1x2/,
    );
    expect(() => evaluator.add('a.png', truthOf([0, 1]), mapOf([0, 2]))).toThrow(
      /answered 2, the data set has 2 classes/,
    );
    expect(() => evaluator.add('a.png', truthOf([0, 3]), mapOf([0, 1]))).toThrow(/has class 3/);
    evaluator.add('a.png', truthOf([0, 1]), mapOf([0, 1]));
    expect(evaluator.report()).toMatchObject({ mIoU: 1, pixels: 2 });
  });
});

test('equals a plain reading of the definitions on random maps', () => {
  const pair = fc.tuple(fc.constantFrom(0, 1, 2, 3, IGNORED), fc.integer({ min: 0, max: 3 }));
  fc.assert(
    fc.property(fc.array(fc.array(pair, { minLength: 1, maxLength: 20 }), { minLength: 1, maxLength: 4 }), (images) => {
      const evaluator = createSemanticEvaluator({ labels: labelsOf(4) });
      images.forEach((pairs, i) => {
        evaluator.add(`${i}`, truthOf(pairs.map(([truth]) => truth)), mapOf(pairs.map(([, answer]) => answer)));
      });
      const valid = images.flat().filter(([truth]) => truth !== IGNORED);
      const scores = [0, 1, 2, 3].flatMap((k) => {
        const both = valid.filter(([truth, answer]) => truth === k && answer === k).length;
        const either = valid.filter(([truth, answer]) => truth === k || answer === k).length;
        return either === 0 ? [] : [both / either];
      });
      const report = evaluator.report();
      expect(report.presentClasses).toBe(scores.length);
      if (scores.length === 0) expect(report.mIoU).toBeNull();
      else expect(report.mIoU).toBeCloseTo(scores.reduce((a, b) => a + b, 0) / scores.length, 12);
    }),
  );
});

describe('equals segmentation_models_pytorch', () => {
  interface Case {
    ignore_index: number | null;
    pred: number[];
    target: number[];
    shape: number[];
    iou_score: { macro: number };
    f1_score: { macro: number };
    recall: { micro: number };
    confusion_target_rows: number[][];
    miou_from_confusion: number;
  }
  const { cases } = golden<{ cases: Case[] }>('evaluators/seg_metrics.json');

  test.each(cases)('with ignore index $ignore_index', (each) => {
    const [images = 0, height = 0, width = 0] = each.shape;
    const classes = each.confusion_target_rows.length;
    const evaluator = createSemanticEvaluator({ labels: labelsOf(classes) });
    for (let i = 0; i < images; i++) {
      const rows = [i * height * width, (i + 1) * height * width] as const;
      evaluator.add(`${i}`, truthOf(each.target.slice(...rows), width), mapOf(each.pred.slice(...rows), width));
    }
    const report = evaluator.report();
    // Recorded in float32.
    expect(report.mIoU).toBeCloseTo(each.miou_from_confusion, 6);
    expect(report.mIoU).toBeCloseTo(each.iou_score.macro, 6);
    expect(report.dice).toBeCloseTo(each.f1_score.macro, 6);
    // Over all classes together, recall is the share of pixels that are right.
    expect(report.pixelAccuracy).toBeCloseTo(each.recall.micro, 6);
    expect(report.pixels).toBe(each.confusion_target_rows.flat().reduce((a, b) => a + b, 0));
  });
});
