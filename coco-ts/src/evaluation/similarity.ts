import { boxIou } from '../mask/boxes.js';
import { runsIou } from '../mask/overlap.js';
import { EPSILON, pairwiseSum } from './numeric.js';
import type { Rows } from './rows.js';

/** IoU of detection row d and truth row g by boxes, or by masks where both sides have them. */
export function rowIou(dt: Rows, d: number, gt: Rows, g: number): number {
  const crowd = gt.crowd[g] === 1;
  const boxes = boxIou(dt.boxes, d, gt.boxes, g, crowd);
  if (dt.masks === null || gt.masks === null || !(boxes > 0)) return boxes;
  return runsIou(dt.masks[d]!, gt.masks[g]!, crowd, dt.maskAreas![d]!);
}

/** Per-point denominators (2 sigma)^2 of object keypoint similarity. */
export const oksVariances = (sigmas: ArrayLike<number>): Float64Array =>
  Float64Array.from(sigmas, (sigma) => (sigma * 2) ** 2);

const terms = new Float64Array(1024);

/**
 * Object keypoint similarity (cocodataset.org, keypoint evaluation): the mean over the truth's labelled points of
 * exp(-distance^2 / (2 * area * (2 sigma)^2)); a truth without labelled points measures the distance outside its doubled box.
 */
export function rowOks(dt: Rows, d: number, gt: Rows, g: number, variances: Float64Array): number {
  const truth = gt.keypoints![g]!;
  const found = dt.keypoints![d]!;
  const points = variances.length;
  const scale = gt.area[g]! + EPSILON;
  const out = points <= terms.length ? terms : new Float64Array(points);
  let labelled = 0;
  for (let i = 0; i < points; i++) if (truth[3 * i + 2]! > 0) labelled++;
  const [x, y, w, h] = [gt.boxes[4 * g]!, gt.boxes[4 * g + 1]!, gt.boxes[4 * g + 2]!, gt.boxes[4 * g + 3]!];
  let n = 0;
  for (let i = 0; i < points; i++) {
    const px = found[3 * i]!;
    const py = found[3 * i + 1]!;
    let dx: number;
    let dy: number;
    if (labelled > 0) {
      if (!(truth[3 * i + 2]! > 0)) continue;
      dx = px - truth[3 * i]!;
      dy = py - truth[3 * i + 1]!;
    } else {
      dx = Math.max(0, x - w - px) + Math.max(0, px - (x + w * 2));
      dy = Math.max(0, y - h - py) + Math.max(0, py - (y + h * 2));
    }
    out[n++] = Math.exp(-((dx * dx + dy * dy) / variances[i]! / scale / 2));
  }
  return pairwiseSum(out, 0, n) / n;
}
