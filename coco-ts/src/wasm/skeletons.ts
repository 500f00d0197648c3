import type { Kernels } from './kernels.js';
import * as at from './layout.js';

/** The columns of evaluation/rows.ts that are read here. */
interface Skeletons {
  readonly area: Float64Array;
  readonly boxes: Float64Array;
  readonly keypoints: Float64Array | null;
}

/** Rows `first` up to `first + count` of a list. */
export interface Stretch {
  readonly rows: Int32Array;
  readonly first: number;
  readonly count: number;
}

const EPSILON = 2.220446049250313e-16;
const MAX_POINTS = 128;

/**
 * Object keypoint similarities [D, G] of detections and truths; those certainly below `least` may be 0.
 * @returns a view that is valid until the next call; null where there are too many for the module, or a NaN among them
 */
export function compareSkeletons(
  module: Kernels,
  [dt, found]: readonly [Skeletons, Stretch],
  [gt, truths]: readonly [Skeletons, Stretch],
  variances: Float64Array,
  least: number,
): Float64Array | null {
  const points = variances.length;
  const [D, G, per] = [found.count, truths.count, 3 * variances.length];
  if (points > MAX_POINTS || per * Math.max(D, G) > at.SKELETON_NUMBERS || G > at.SKELETONS) return null;
  if (D * G > at.SIMILARITY_LIMIT) return null;
  const { floats } = module;
  floats.set(variances, at.VARIANCES / 8);
  gather(floats, at.FOUND_POINTS / 8, dt.keypoints!, found, per);
  gather(floats, at.TRUTH_POINTS / 8, gt.keypoints!, truths, per);
  gather(floats, at.TRUTH_BOXES / 8, gt.boxes, truths, 4);
  for (let g = 0; g < G; g++) floats[at.TRUTH_SCALES / 8 + g] = gt.area[truths.rows[truths.first + g]!]! + EPSILON;
  module.similarities(D, G, points, least);
  const out = floats.subarray(at.SIMILARITIES / 8, at.SIMILARITIES / 8 + D * G);
  for (let i = 0; i < out.length; i++) if (Number.isNaN(out[i])) return null;
  return out;
}

function gather(out: Float64Array, to: number, from: Float64Array, { rows, first, count }: Stretch, per: number): void {
  for (let i = 0; i < count; i++) {
    const source = rows[first + i]! * per;
    for (let c = 0; c < per; c++) out[to + i * per + c] = from[source + c]!;
  }
}
