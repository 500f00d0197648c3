import type { Annotated } from '../annotated.js';
import type { Id } from '../annotation.js';
import { valueAt } from '../checked.js';
import type { Accumulated } from '../evaluation/accumulate.js';
import { meanOrMinusOne } from '../evaluation/numeric.js';
import { nameOf } from '../formats/record.js';

/** Scores of one category; -1 where it has no truth. */
export interface ClassRow {
  readonly id: Id;
  readonly name: string;
  /** Mean over all IoU thresholds, per size range label. */
  readonly ap: Readonly<Record<string, number>>;
  readonly ap50: number;
  readonly ap75: number;
  /** Recall, mean over IoU thresholds, per size range label. */
  readonly ar: Readonly<Record<string, number>>;
}

/**
 * AP and AR of every category and size range, from the arrays of accumulate() at its largest maxDets: the means pycocotools takes
 * over all categories, taken over one.
 */
export function perClass(result: Accumulated, gt: Pick<Annotated, 'cats'>): ClassRow[] {
  const { params, counts } = result;
  const [T, R, K, A, M] = counts;
  const labels = params.areaRngLbl.slice(0, A);
  const thresholds = Array.from(params.iouThrs);
  const everything = thresholds.map((_, t) => t);
  const mean = (source: Float64Array, inner: number, ts: readonly number[], k: number, a: number): number => {
    const values = new Float64Array(ts.length * inner);
    let n = 0;
    for (const t of ts) {
      for (let r = 0; r < inner; r++) {
        const value = valueAt(source, (((t * inner + r) * K + k) * A + a) * M + M - 1);
        if (value > -1) values[n++] = value;
      }
    }
    return meanOrMinusOne(values, n);
  };
  const at = (iou: number): number[] => everything.filter((t) => thresholds[t] === iou);
  if (T === 0 || M === 0) return [];
  return params.catIds.slice(0, K).map((id, k) => ({
    id,
    name: id === -1 && !gt.cats.has(id) ? 'all' : nameOf(gt.cats, id),
    ap: Object.fromEntries(labels.map((label, a) => [label, mean(result.precision, R, everything, k, a)])),
    ap50: mean(result.precision, R, at(0.5), k, 0),
    ap75: mean(result.precision, R, at(0.75), k, 0),
    ar: Object.fromEntries(labels.map((label, a) => [label, mean(result.recall, 1, everything, k, a)])),
  }));
}
