import type { Id } from '../annotation.js';

/** The matching of one image, category and size range, as pycocotools' evalImgs entries; [T, D] and [T, G] arrays are row-major. */
export interface EvalImage {
  readonly image_id: Id;
  readonly category_id: Id;
  readonly aRng: readonly number[];
  readonly maxDet: number;
  /** By descending score. */
  readonly dtIds: readonly Id[];
  /** Counted truths first. */
  readonly gtIds: readonly Id[];
  /** Id of the matched truth per threshold and detection, 0 for none. */
  readonly dtMatches: Float64Array;
  /** Id of the matched detection per threshold and truth, 0 for none. */
  readonly gtMatches: Float64Array;
  readonly dtScores: Float64Array;
  readonly gtIgnore: Uint8Array;
  readonly dtIgnore: Uint8Array;
}

/** One side of a cell: values in the order matching reads them. */
export interface CellTruths {
  readonly ids: ArrayLike<number>;
  /** 1: neither a hit nor a miss. */
  readonly ignore: Uint8Array;
  readonly crowd: Uint8Array;
}
export interface CellDetections {
  readonly ids: ArrayLike<number>;
  /** 1: outside the size range. */
  readonly outside: Uint8Array;
}

/**
 * Greedy matching, best detection first, each to the still free truth of highest IoU; of equal truths the last one wins, counted
 * truths go before ignored ones. As in pycocotools a truth counts as taken only if the id of the detection that took it is positive.
 *
 * @param ious [D, G] row-major, or null where pycocotools has no similarities
 * @source Lin et al. 2014, arXiv:1405.0312; cocoeval.py evaluateImg
 */
export function matchCell(
  dt: CellDetections,
  gt: CellTruths,
  ious: Float64Array | null,
  thresholds: ArrayLike<number>,
) {
  const [T, D, G] = [thresholds.length, dt.ids.length, gt.ids.length];
  const dtMatches = new Float64Array(T * D);
  const gtMatches = new Float64Array(T * G);
  const dtIgnore = new Uint8Array(T * D);
  for (let t = 0; t < T; t++) {
    for (let d = 0; d < D; d++) {
      const match = ious === null ? -1 : findMatch(gt, ious, d * G, gtMatches, t * G, thresholds[t]!);
      if (match >= 0) {
        dtIgnore[t * D + d] = gt.ignore[match]!;
        dtMatches[t * D + d] = gt.ids[match]!;
        gtMatches[t * G + match] = dt.ids[d]!;
      }
      if (dtMatches[t * D + d] === 0 && dt.outside[d]) dtIgnore[t * D + d] = 1;
    }
  }
  return { dtMatches, gtMatches, dtIgnore };
}

function findMatch(
  gt: CellTruths,
  ious: Float64Array,
  row: number,
  taken: Float64Array,
  takenRow: number,
  threshold: number,
): number {
  let best = Math.min(threshold, 1 - 1e-10);
  let match = -1;
  for (let g = 0; g < gt.ids.length; g++) {
    if (taken[takenRow + g]! > 0 && !gt.crowd[g]) continue;
    if (match > -1 && gt.ignore[match] === 0 && gt.ignore[g] === 1) break;
    const value = ious[row + g]!;
    // Written so that a NaN is accepted, and after it everything, as in the reference.
    if (value < best) continue;
    best = value;
    match = g;
  }
  return match;
}
