import type { Grouping } from './grouping.js';
import type { Params } from './params.js';
import type { Rows } from './rows.js';

/** Most IoU thresholds whose outcomes fit the two halves of an int32. */
export const MAX_THRESHOLDS = 15;

/**
 * Outcomes of all detections, category by category. A slot is one detection; the slots of category k are base[k]..base[k] + fill[k].
 * codes[slot * A + a] holds for size range a one bit per threshold: hit in the lower half, miss in the upper half, neither when ignored.
 */
export interface Matched {
  readonly base: Int32Array;
  readonly fill: Int32Array;
  /** Slots of the category whose code is not simply a miss or ignored at all thresholds, at most. */
  readonly mixed: Int32Array;
  /** Counted truths, [K, A]. */
  readonly counted: Int32Array;
  readonly scores: Float64Array;
  /** Rank by score within image and category. */
  readonly ranks: Int32Array;
  readonly codes: Int32Array;
  /** Position of the image. */
  readonly images: Int32Array;
}

/** Whether outcomes fit the codes of `Matched`. */
export function fitsCodes({ iouThrs, maxDets, useCats }: Params): boolean {
  const limits = maxDets.length > 0 && maxDets.every((limit) => limit >= 0 && limit <= 1e6 && Number.isInteger(limit));
  return iouThrs.length > 0 && iouThrs.length <= MAX_THRESHOLDS && limits && Number(useCats) === 1;
}

/** What matching reads. */
export interface MatchInput {
  readonly gt: Rows;
  readonly dt: Rows;
  readonly gtByImage: Grouping;
  readonly dtByImage: Grouping;
  readonly params: Params;
}

/** Outcomes of nothing, with room for the detections of a stretch of images. */
export function emptyMatched({ dt, dtByImage, params }: MatchInput, firstImage: number, endImage: number): Matched {
  const K = params.catIds.length;
  const A = params.areaRng.length;
  const base = new Int32Array(K);
  for (let p = dtByImage.start[firstImage]!; p < dtByImage.start[endImage]!; p++)
    base[dt.category[dtByImage.order[p]!]!]!++;
  let total = 0;
  for (let k = 0; k < K; k++) {
    const n = base[k]!;
    base[k] = total;
    total += n;
  }
  return {
    base,
    fill: new Int32Array(K),
    mixed: new Int32Array(K),
    counted: new Int32Array(K * A),
    scores: new Float64Array(total),
    ranks: new Int32Array(total),
    codes: new Int32Array(total * A),
    images: new Int32Array(total),
  };
}
