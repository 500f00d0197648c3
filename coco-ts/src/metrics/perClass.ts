import type { Annotated } from '../annotated.js';
import type { Id } from '../annotation.js';
import { type Accumulated, type CurveColumn, curveColumn } from '../evaluation/accumulate.js';
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
  if (T === 0 || M === 0) return [];
  const mean = (
    { values: source, width, at }: CurveColumn,
    inner: number,
    ts: readonly number[],
    k: number,
  ): number => {
    const values = new Float64Array(ts.length * inner);
    let n = 0;
    for (const t of ts) {
      for (let r = 0; r < inner; r++) {
        const value = source[((t * inner + r) * K + k) * width + at]!;
        if (value > -1) values[n++] = value;
      }
    }
    return meanOrMinusOne(values, n);
  };
  const atIou = (iou: number): number[] => everything.filter((t) => thresholds[t] === iou);
  const classes = Array.from({ length: K }, (_, k) => k);
  const [at50, at75] = [atIou(0.5), atIou(0.75)];
  // Size range by size range: of many categories there is room for one.
  const bySize = labels.map((_, a) => {
    const precision = curveColumn(result, 'precision', a, M - 1);
    const recall = { values: result.recall, width: A * M, at: a * M + M - 1 };
    return {
      ap: classes.map((k) => mean(precision, R, everything, k)),
      ap50: a > 0 ? [] : classes.map((k) => mean(precision, R, at50, k)),
      ap75: a > 0 ? [] : classes.map((k) => mean(precision, R, at75, k)),
      ar: classes.map((k) => mean(recall, 1, everything, k)),
    };
  });
  const ofSizes = (name: 'ap' | 'ar', k: number) =>
    Object.fromEntries(labels.map((label, a) => [label, bySize[a]![name][k]!]));
  return params.catIds.slice(0, K).map((id, k) => ({
    id,
    name: id === -1 && !gt.cats.has(id) ? 'all' : nameOf(gt.cats, id),
    ap: ofSizes('ap', k),
    ap50: bySize[0]?.ap50[k] ?? -1,
    ap75: bySize[0]?.ap75[k] ?? -1,
    ar: ofSizes('ar', k),
  }));
}
