import { calibration } from '#coco-ts';
import { valueAt } from '../../engine/checked.js';
import { ShapeError } from '../../engine/errors.js';
import type { ClassScores, LabelMap, LabelTruth } from '../sample.js';
import type { EvaluatorOptions } from './detection.js';
import type { Evaluator } from './evaluator.js';
import { createIdSet } from './ids.js';
import { areaUnderCurve, averagePrecision } from './ranking.js';

/** Figures of one class. Fractions; null: nothing to count. */
export interface LabelFigures {
  readonly name: string;
  /** Images of the class. */
  readonly images: number;
  readonly precision: number | null;
  readonly recall: number | null;
  readonly f1: number | null;
  /** Only where classes do not exclude each other: average precision over the ranked images. */
  readonly AP?: number | null;
}

/** Fractions over the images; null: no image. */
export interface ClassificationReport {
  /** Images whose most probable class is theirs, or one of theirs. */
  readonly top1: number | null;
  /** Images whose class, or one of theirs, is among the five most probable; absent with five classes or fewer. */
  readonly top5?: number | null;
  /** Mean recall over present classes; where classes do not exclude each other, the mean of that and of the recall of "not". */
  readonly balancedAccuracy: number | null;
  /** Mean F1 over the classes that images have or were answered with. */
  readonly macroF1: number | null;
  /** Mean average precision over present classes; only where classes do not exclude each other. */
  readonly mAP?: number | null;
  /** Area under the ROC curve: of the second of two classes, or where classes do not exclude each other the mean of all. */
  readonly AUC?: number | null;
  /** Expected calibration error over 15 bins of equal width. */
  readonly calibrationError: number | null;
  readonly images: number;
  readonly perClass: readonly LabelFigures[];
}

/** Bins of the calibration error, as Guo et al. 2017, arXiv:1706.04599 have them. */
const BINS = 15;
/** Probability from which on a class of several is answered. */
const YES = 0.5;

/** What is counted of each class, and what must be kept of each image. */
interface Counts {
  /** [K] images of a class that were answered with it, images of a class, images answered with it. */
  readonly hits: Float64Array;
  readonly truths: Float64Array;
  readonly answers: Float64Array;
  readonly confidences: number[];
  readonly correct: number[];
  /** Probabilities and truths of all classes, image by image, where ranks are measured. */
  readonly ranked: { readonly probabilities: Float32Array; readonly labels: Int32Array }[];
  top1: number;
  top5: number;
  images: number;
  isExclusive: boolean;
}

/**
 * Measures the classes of whole images, which exclude each other or not, as the answers say.
 *
 * @source balanced accuracy: Brodersen et al. 2010, ICPR; calibration: Naeini et al. 2015, AAAI
 */
export function createClassificationEvaluator({
  labels,
}: EvaluatorOptions): Evaluator<LabelTruth, ClassScores, ClassificationReport> {
  const K = labels.classes.length;
  const claim = createIdSet();
  const counts: Counts = {
    hits: new Float64Array(K),
    truths: new Float64Array(K),
    answers: new Float64Array(K),
    confidences: [],
    correct: [],
    ranked: [],
    top1: 0,
    top5: 0,
    images: 0,
    isExclusive: true,
  };
  return {
    add: (id, truth, answer) => {
      check(id, truth, answer, K);
      claim(id);
      count(counts, truth, answer);
    },
    report: () => reportOf(labels, counts),
  };
}

function count(counts: Counts, { labels }: LabelTruth, { probabilities, isExclusive }: ClassScores): void {
  const K = probabilities.length;
  const order = bestFirst(probabilities, 5);
  const isTrue = new Set(labels);
  const [best = 0] = order;
  counts.images++;
  counts.isExclusive = isExclusive;
  if (isTrue.has(best)) counts.top1++;
  if (order.some((label) => isTrue.has(label))) counts.top5++;
  for (const label of labels) counts.truths[label]!++;
  const answered = isExclusive ? [best] : answeredOf(probabilities);
  for (const label of answered) {
    counts.answers[label]!++;
    if (isTrue.has(label)) counts.hits[label]!++;
  }
  if (isExclusive) {
    counts.confidences.push(probabilities[best] ?? 0);
    counts.correct.push(isTrue.has(best) ? 1 : 0);
  } else {
    for (let label = 0; label < K; label++) {
      counts.confidences.push(valueAt(probabilities, label));
      counts.correct.push(isTrue.has(label) ? 1 : 0);
    }
  }
  if (!isExclusive || K === 2) counts.ranked.push({ probabilities: probabilities.slice(), labels });
}

/** Classes by their probability, of equal ones the first. */
export function bestFirst(probabilities: Float32Array, most: number): readonly number[] {
  const best: number[] = [];
  for (let label = 0; label < probabilities.length; label++) {
    let at = best.length;
    while (at > 0 && valueAt(probabilities, label) > valueAt(probabilities, valueAt(best, at - 1))) at--;
    if (at >= most) continue;
    best.splice(at, 0, label);
    if (best.length > most) best.pop();
  }
  return best;
}

/** Classes that are there, where they do not exclude each other. */
export const answeredOf = (probabilities: Float32Array): readonly number[] =>
  Array.from(probabilities.keys()).filter((label) => valueAt(probabilities, label) >= YES);

function reportOf({ classes }: LabelMap, counts: Counts): ClassificationReport {
  const { images, isExclusive, hits, truths, answers } = counts;
  const precision = classes.map((_, k) => ratio(valueAt(hits, k), valueAt(answers, k)));
  const recall = classes.map((_, k) => ratio(valueAt(hits, k), valueAt(truths, k)));
  const f1 = classes.map((_, k) => ratio(2 * valueAt(hits, k), valueAt(truths, k) + valueAt(answers, k)));
  const rank = isExclusive ? null : classes.map((_, k) => rankingOf(counts, k));
  const AP = rank?.map(({ scores, isTrue }) => averagePrecision(scores, isTrue));
  const absent = classes.map((_, k) => {
    const others = images - valueAt(truths, k);
    return ratio(others - (valueAt(answers, k) - valueAt(hits, k)), others);
  });
  const balanced = isExclusive ? recall : recall.map((value, k) => meanOf([value, absent[k] ?? null]));
  const AUC = rank ? meanOf(rank.map((one) => areaUnderCurve(one.scores, one.isTrue))) : secondOfTwo(counts, classes);
  return {
    top1: ratio(counts.top1, images),
    ...(classes.length > 5 ? { top5: ratio(counts.top5, images) } : {}),
    balancedAccuracy: meanOf(balanced),
    macroF1: meanOf(f1),
    ...(AP ? { mAP: meanOf(AP) } : {}),
    ...(AUC === undefined ? {} : { AUC }),
    calibrationError: images === 0 ? null : calibration(outcomesOf(counts), BINS).expectedError,
    images,
    perClass: classes.map(({ name }, k) => ({
      name,
      images: valueAt(truths, k),
      precision: precision[k] ?? null,
      recall: recall[k] ?? null,
      f1: f1[k] ?? null,
      ...(AP ? { AP: AP[k] ?? null } : {}),
    })),
  };
}

const outcomesOf = ({ confidences, correct }: Counts) => ({
  scores: Float64Array.from(confidences),
  correct: Uint8Array.from(correct),
});

/** Figures of the second of two classes that exclude each other. */
function secondOfTwo(counts: Counts, { length }: LabelMap['classes']): number | null | undefined {
  if (length !== 2) return undefined;
  const { scores, isTrue } = rankingOf(counts, 1);
  return areaUnderCurve(scores, isTrue);
}

const rankingOf = ({ ranked }: Counts, k: number) => ({
  scores: ranked.map(({ probabilities }) => valueAt(probabilities, k)),
  isTrue: ranked.map(({ labels }) => labels.includes(k)),
});

const ratio = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);

function meanOf(values: readonly (number | null)[]): number | null {
  const present = values.filter((value) => value !== null);
  return ratio(
    present.reduce((sum, value) => sum + value, 0),
    present.length,
  );
}

function check(id: string, { labels }: LabelTruth, { probabilities }: ClassScores, K: number): void {
  const beyond = labels.find((label) => !(label >= 0 && label < K));
  if (probabilities.length === K && beyond === undefined) return;
  const found = beyond === undefined ? `${probabilities.length} probabilities` : `class ${beyond}`;
  throw new ShapeError(
    `${id}: ${found}, the data set has ${K} classes (0..${K - 1}): use the label map the model was trained with`,
  );
}
