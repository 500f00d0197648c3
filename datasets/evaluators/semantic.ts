import { valueAt } from '../../engine/checked.js';
import { ShapeError } from '../../engine/errors.js';
import { type ClassMap, IGNORED, type LabelMap, type SemanticTruth } from '../sample.js';
import type { EvaluatorOptions } from './detection.js';
import type { Evaluator } from './evaluator.js';
import { createIdSet } from './ids.js';

/** A score of every class by name; null: absent from truths and answers alike, so no number. */
export type PerClass = { readonly [name: string]: number | null };

/** Fractions over all pixels of the data set that are not IGNORED, at the original resolution. */
export interface SemanticReport {
  /** Mean over present classes of intersection / union; null without any pixel. */
  readonly mIoU: number | null;
  readonly pixelAccuracy: number | null;
  /** Mean over present classes of 2 intersection / (truth + answer). */
  readonly dice: number | null;
  readonly perClassIoU: PerClass;
  readonly perClassDice: PerClass;
  /** Classes in the means. */
  readonly presentClasses: number;
  /** Pixels compared. */
  readonly pixels: number;
}

/**
 * One confusion matrix over the whole data set (not a mean of images), counted in float64.
 *
 * @source Long et al. 2015, arXiv:1411.4038, section 5: mean IU and pixel accuracy
 */
export function createSemanticEvaluator({
  labels,
}: EvaluatorOptions): Evaluator<SemanticTruth, ClassMap, SemanticReport> {
  const K = labels.classes.length;
  /** [K, K] truth, answer. */
  const confusion = new Float64Array(K * K);
  const claim = createIdSet();
  return {
    add: (id, truth, result) => {
      checkMaps(id, truth, result, K);
      claim(id);
      for (let i = 0; i < truth.mask.length; i++) {
        const expected = truth.mask[i]!;
        if (expected === IGNORED) continue;
        const cell = expected * K + result.mask[i]!;
        confusion[cell] = valueAt(confusion, cell) + 1;
      }
    },
    report: () => reportOf(labels, confusion),
  };
}

function reportOf(labels: LabelMap, confusion: Float64Array): SemanticReport {
  const K = labels.classes.length;
  const { hits, truths, answers } = margins(confusion, K);
  const iou = hits.map((hit, k) => ratio(hit, valueAt(truths, k) + valueAt(answers, k) - hit));
  const dice = hits.map((hit, k) => ratio(2 * hit, valueAt(truths, k) + valueAt(answers, k)));
  const pixels = sum(truths);
  return {
    mIoU: meanOfPresent(iou),
    pixelAccuracy: ratio(sum(hits), pixels),
    dice: meanOfPresent(dice),
    perClassIoU: byName(labels, iou),
    perClassDice: byName(labels, dice),
    presentClasses: iou.filter((value) => value !== null).length,
    pixels,
  };
}

/** Diagonal, row sums and column sums. */
function margins(confusion: Float64Array, K: number): { hits: number[]; truths: number[]; answers: number[] } {
  const classes = Array.from({ length: K }, (_, k) => k);
  const cell = (truth: number, answer: number): number => valueAt(confusion, truth * K + answer);
  return {
    hits: classes.map((k) => cell(k, k)),
    truths: classes.map((k) => sum(classes.map((other) => cell(k, other)))),
    answers: classes.map((k) => sum(classes.map((other) => cell(other, k)))),
  };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

const ratio = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);

function meanOfPresent(values: readonly (number | null)[]): number | null {
  const present = values.filter((value) => value !== null);
  return ratio(sum(present), present.length);
}

const byName = ({ classes }: LabelMap, values: readonly (number | null)[]): PerClass =>
  Object.fromEntries(classes.map(({ name }, k) => [name, values[k] ?? null]));

function checkMaps(id: string, truth: SemanticTruth, result: ClassMap, K: number): void {
  if (truth.width !== result.width || truth.height !== result.height) {
    throw new ShapeError(
      `${id}: the truth is ${truth.width}x${truth.height}, the answer ${result.width}x${result.height}: resize logits to the original image before the class is taken`,
    );
  }
  for (let i = 0; i < truth.mask.length; i++) {
    const expected = truth.mask[i]!;
    const answer = result.mask[i]!;
    if (expected === IGNORED || (expected < K && answer < K)) continue;
    throw new ShapeError(
      `${id}: pixel ${i} has class ${expected} and was answered ${answer}, the data set has ${K} classes (0..${K - 1}): use the label map the model was trained with`,
    );
  }
}
