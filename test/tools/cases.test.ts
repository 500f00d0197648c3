import { describe, expect, test } from 'vitest';
import { IGNORED, type LabelMap, type Sample } from '../../datasets/sample.js';
import { TASKS } from '../../heads/index.js';
import {
  addToCases,
  caseTables,
  DEFAULT_CASES,
  describeCases,
  emptiesOf,
  requiredCaseEvaluator,
} from '../../tools/cases.js';

const labels: LabelMap = { classes: ['background', 'cord'].map((name, id) => ({ id, name })) };
const sample = (id: string, mask: readonly number[], spacing?: readonly [number, number]): Sample => ({
  id,
  image: { data: new Uint8Array(3 * mask.length), width: mask.length, height: 1, ...(spacing && { spacing }) },
  truth: { kind: 'classMap', mask: Uint8Array.from(mask), width: mask.length, height: 1 },
});
const answer = (mask: readonly number[]) => ({ mask: Uint8Array.from(mask), width: mask.length, height: 1 });

describe('figures per case of a command', () => {
  test('use the spacing that images state, and are told with their units, policy and empty cases', () => {
    const evaluator = requiredCaseEvaluator(TASKS.segmentation, labels, DEFAULT_CASES);
    addToCases(evaluator, sample('a.nii', [1, 1, 0, IGNORED], [1, 0.5]), answer([1, 0, 0, 1]));
    addToCases(evaluator, sample('b.nii', [0, 0, 0, 0], [1, 0.5]), answer([0, 0, 0, 0]));
    const report = evaluator.report();
    const [means, cases] = caseTables(report);
    expect(means.rows[0]).toEqual(['cord', 'Dice', 2 / 3, 2 / 3, 2 / 3, 1]);
    expect(cases.header.slice(0, 6)).toEqual(['case', 'class', 'Dice', 'IoU', 'HD95, mm', 'HD, mm']);
    expect(cases.rows[0]?.slice(0, 6)).toEqual(['a.nii', 'cord', 2 / 3, 0.5, 0.475, 0.5]);
    expect(cases.rows[0]?.at(-1)).toBe(-0.5);
    expect(emptiesOf(report)).toBe(
      'Cases without the class in both, in the truth alone, in the answer alone: cord 1, 0, 0.',
    );
    const text = describeCases(report);
    expect(text).toContain('2 cases, each measured alone; the figures above are of all pixels together.');
    expect(text).toContain('Distances are in mm, by the spacing of the images; surfaces agree up to 1 mm.');
    expect(text).toMatch(/cord +volume error, mm2 +-0\.250/);
  });

  test('show the worst cases where there are many', () => {
    const evaluator = requiredCaseEvaluator(TASKS.segmentation, labels, DEFAULT_CASES);
    for (let i = 0; i < 103; i++) addToCases(evaluator, sample(`${i}`, [1, 1]), answer(i === 102 ? [0, 0] : [1, 1]));
    const report = evaluator.report();
    expect(caseTables(report, 1)[1].rows.map(([name]) => name)).toEqual(['102']);
    expect(describeCases(report)).toContain('The 100 worst by Dice; the file has 3 more:');
  });

  test('are refused for boxes', () => {
    expect(() => requiredCaseEvaluator(TASKS.detection, labels, DEFAULT_CASES)).toThrow(
      '--cases measures class maps, and the task is detection: leave it out, or give a run of segmentation',
    );
  });
});
