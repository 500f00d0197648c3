import { ShapeError } from '../../engine/errors.js';
import { isOverlapping } from '../overlap.js';
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
  if (isOverlapping(labels)) return createSetEvaluator(labels);
  const K = labels.classes.length;
  /** [K, K] truth, answer. */
  const confusion = new Float64Array(K * K);
  const claim = createIdSet();
  return {
    add: (id, truth, result) => {
      checkMaps(id, truth, result, K);
      claim(id);
      for (let i = 0; i < truth.mask.length; i++) {
        const expected = truth.mask[i] as number;
        if (expected === IGNORED) continue;
        const cell = expected * K + (result.mask[i] as number);
        confusion[cell] = (confusion[cell] as number) + 1;
      }
    },
    report: () => reportOf(labels, confusion),
  };
}

/** Classes that may overlap: each is counted by itself, and a pixel is right when its whole set is. */
function createSetEvaluator(labels: LabelMap): Evaluator<SemanticTruth, ClassMap, SemanticReport> {
  const K = labels.classes.length;
  const counts = { hits: new Float64Array(K), truths: new Float64Array(K), answers: new Float64Array(K) };
  const total = { pixels: 0, right: 0 };
  const claim = createIdSet();
  return {
    add: (id, truth, result) => {
      checkMaps(id, truth, result, 2 ** K);
      claim(id);
      for (let i = 0; i < truth.mask.length; i++) {
        const [expected, answered] = [truth.mask[i] as number, result.mask[i] as number];
        if (expected === IGNORED) continue;
        total.pixels++;
        if (expected === answered) total.right++;
        for (let k = 0; k < K; k++) {
          counts.hits[k]! += ((expected & answered) >> k) & 1;
          counts.truths[k]! += (expected >> k) & 1;
          counts.answers[k]! += (answered >> k) & 1;
        }
      }
    },
    report: () => {
      const lists = { hits: [...counts.hits], truths: [...counts.truths], answers: [...counts.answers] };
      return figuresOf(labels, lists, total);
    },
  };
}

function reportOf(labels: LabelMap, confusion: Float64Array): SemanticReport {
  const found = margins(confusion, labels.classes.length);
  return figuresOf(labels, found, { pixels: sum(found.truths), right: sum(found.hits) });
}

function figuresOf(
  labels: LabelMap,
  { hits, truths, answers }: ReturnType<typeof margins>,
  { pixels, right }: { readonly pixels: number; readonly right: number },
): SemanticReport {
  const iou = hits.map((hit, k) => ratio(hit, (truths[k] as number) + (answers[k] as number) - hit));
  const dice = hits.map((hit, k) => ratio(2 * hit, (truths[k] as number) + (answers[k] as number)));
  return {
    mIoU: meanOfPresent(iou),
    pixelAccuracy: ratio(right, pixels),
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
  const cell = (truth: number, answer: number): number => confusion[truth * K + answer] as number;
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
    const expected = truth.mask[i] as number;
    const answer = result.mask[i] as number;
    if (expected === IGNORED || (expected < K && answer < K)) continue;
    throw new ShapeError(
      `${id}: pixel ${i} has class ${expected} and was answered ${answer}, the data set has ${K} classes (0..${K - 1}): use the label map the model was trained with`,
    );
  }
}
