import { boxIou } from '../mask/boxes.js';
import { runsIou } from '../mask/overlap.js';
import { type Masks, runsOf } from '../mask/pool.js';
import { runsArea } from '../mask/runs.js';
import { EPSILON, pairwiseSum } from './numeric.js';
import type { Rows } from './rows.js';

/** IoU of detection row d and truth row g by boxes, or by masks and their boundaries where both sides have them. */
export function rowIou(dt: Rows, d: number, gt: Rows, g: number): number {
  const crowd = gt.crowd[g] === 1;
  const boxes = boxIou(dt.boxes, d, gt.boxes, g, crowd);
  if (dt.masks === null || gt.masks === null || !(boxes > 0)) return boxes;
  const masks = pairIou(dt.masks, d, gt.masks, g, crowd);
  if (crowd || dt.edges === null || gt.edges === null) return masks;
  return Math.min(masks, pairIou(dt.edges, d, gt.edges, g, false));
}

/** IoU of two masks, over the detection's area for a crowd truth. */
export function pairIou(dt: Masks, d: number, gt: Masks, g: number, crowd: boolean): number {
  const detection = runsOf(dt, d);
  return runsIou(detection, runsOf(gt, g), crowd, runsArea(detection));
}

/** Per-point denominators (2 sigma)^2 of object keypoint similarity. */
export const oksVariances = (sigmas: ArrayLike<number>): Float64Array =>
  Float64Array.from(sigmas, (sigma) => (sigma * 2) ** 2);

const terms = new Float64Array(1024);

/** exp(-x) is 0 from here on. */
const UNDERFLOW = 746;

/**
 * Object keypoint similarity (cocodataset.org, keypoint evaluation): the mean over the truth's labelled points of
 * exp(-distance^2 / (2 * area * (2 sigma)^2)); a truth without labelled points measures the distance outside its doubled box.
 *
 * @param least a result that is certain to be smaller may be returned as 0
 */
export function rowOks(
  dt: Rows,
  d: number,
  gt: Rows,
  g: number,
  variances: Float64Array,
  least = Number.NEGATIVE_INFINITY,
): number {
  const points = variances.length;
  const truth = gt.keypoints!;
  const found = dt.keypoints!;
  const scale = gt.area[g]! + EPSILON;
  const out = points <= terms.length ? terms : new Float64Array(points);
  let labelled = 0;
  for (let i = 0, at = 3 * points * g + 2; i < points; i++, at += 3) if (truth[at]! > 0) labelled++;
  const total = labelled > 0 ? labelled : points;
  // Every term is at most 1, so that what is missing already is lost.
  let missing = 0;
  const spare = total * (1 - least * (1 - 1e-9));
  const x = gt.boxes[4 * g]!;
  const y = gt.boxes[4 * g + 1]!;
  const w = gt.boxes[4 * g + 2]!;
  const h = gt.boxes[4 * g + 3]!;
  let n = 0;
  for (let i = 0, t = 3 * points * g, f = 2 * points * d; i < points; i++, t += 3, f += 2) {
    let dx: number;
    let dy: number;
    if (labelled > 0) {
      if (!(truth[t + 2]! > 0)) continue;
      dx = found[f]! - truth[t]!;
      dy = found[f + 1]! - truth[t + 1]!;
    } else {
      dx = Math.max(0, x - w - found[f]!) + Math.max(0, found[f]! - (x + w * 2));
      dy = Math.max(0, y - h - found[f + 1]!) + Math.max(0, found[f + 1]! - (y + h * 2));
    }
    const e = (dx * dx + dy * dy) / variances[i]! / scale / 2;
    const term = e > UNDERFLOW ? 0 : Math.exp(-e);
    out[n++] = term;
    missing += 1 - term;
    if (missing > spare) return 0;
  }
  return pairwiseSum(out, 0, n) / n;
}
