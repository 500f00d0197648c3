import { f1Curve, precisionRecall } from '#coco-ts';
import type { LabelMap } from '../sample.js';
import { type Answered, compareBoxes } from './compareBoxes.js';

/** Precision over recall of a class at IoU 0.5, and the score threshold where F1 is best. */
export interface ClassCurve {
  readonly name: string;
  /** 0, 0.01, ..., 1. */
  readonly recall: readonly number[];
  /** Interpolated as COCO does; null: the class has no truth. */
  readonly precision: readonly number[] | null;
  /** Lowest score of the answers that reach each recall; 0: none does. Null as the precision. */
  readonly scores: readonly number[] | null;
  readonly best: {
    readonly f1: number;
    readonly score: number;
    readonly precision: number;
    readonly recall: number;
  } | null;
}

/** The curve of every class. */
export function classCurves(
  labels: LabelMap,
  answered: readonly Answered[],
  maxDetections = 100,
): readonly ClassCurve[] {
  const { evaluation } = compareBoxes(labels, answered, maxDetections);
  const result = evaluation.eval;
  if (result === null) throw new Error('accumulate() has not run');
  return labels.classes.map(({ name }, category) => {
    const curve = precisionRecall(result, { category });
    const recall = [...curve.recall];
    if (!Number.isFinite(curve.precision[0])) return { name, recall, precision: null, scores: null, best: null };
    return { name, recall, precision: [...curve.precision], scores: [...curve.scores], best: f1Curve(curve).best };
  });
}
