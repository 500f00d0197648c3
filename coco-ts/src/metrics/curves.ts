import { type Accumulated, type CurveColumn, curveColumn } from '../evaluation/accumulate.js';

/** Precision over recall of one category, with the score that reaches each recall. */
export interface PrecisionRecall {
  readonly recall: Float64Array;
  readonly precision: Float64Array;
  readonly scores: Float64Array;
}

/** Which of the curves of an evaluation. */
export interface CurveChoice {
  /** Position in params.iouThrs. Default 0. */
  readonly threshold?: number;
  /** Position in params.catIds. Defaults to the mean over categories that have truths. */
  readonly category?: number;
  /** Position in params.areaRng. Default 0. */
  readonly area?: number;
}

/** The precision-recall curve at the recalls of params.recThrs and the largest maxDets, as accumulate() interpolated it. */
export function precisionRecall(
  result: Accumulated,
  { threshold = 0, category, area = 0 }: CurveChoice = {},
): PrecisionRecall {
  const [, R, K, , M] = result.counts;
  const categories = category === undefined ? Array.from({ length: K }, (_, k) => k) : [category];
  const valueAt = ({ values, width, at }: CurveColumn, r: number, k: number): number =>
    values[((threshold * R + r) * K + k) * width + at] ?? -1;
  const precision = curveColumn(result, 'precision', area, M - 1);
  const scores = curveColumn(result, 'scores', area, M - 1);
  const counted = categories.filter((k) => R > 0 && valueAt(precision, 0, k) > -1);
  const mean = (source: CurveColumn): Float64Array =>
    Float64Array.from(
      { length: R },
      (_, r) => counted.reduce((sum, k) => sum + valueAt(source, r, k), 0) / counted.length,
    );
  return { recall: Float64Array.from(result.params.recThrs), precision: mean(precision), scores: mean(scores) };
}

/** F1 at every recall, and the score threshold where it is best. */
export interface F1Curve {
  readonly f1: Float64Array;
  readonly best: { readonly f1: number; readonly score: number; readonly precision: number; readonly recall: number };
}

/** F1 = 2 precision recall / (precision + recall) along a curve. @source van Rijsbergen 1979, Information Retrieval, chapter 7 */
export function f1Curve({ recall, precision, scores }: PrecisionRecall): F1Curve {
  const f1 = recall.map((r, i) => (precision[i]! + r > 0 ? (2 * precision[i]! * r) / (precision[i]! + r) : 0));
  let best = 0;
  for (let i = 1; i < f1.length; i++) if (f1[i]! > f1[best]!) best = i;
  return {
    f1,
    best: { f1: f1[best] ?? 0, score: scores[best] ?? 0, precision: precision[best] ?? 0, recall: recall[best] ?? 0 },
  };
}
