import { boxIou } from '../mask/boxes.js';
import { type MaskScratch, sharedPixels } from '../mask/intervals.js';
import type { Rows } from './rows.js';
import { rowOks } from './similarity.js';

/** The truths of one cell that a detection may be matched to. */
export interface Candidates {
  /** Position among the cell's truths. */
  readonly truth: Int32Array;
  readonly iou: Float64Array;
}

/**
 * Finds the truths whose similarity to detection row d reaches `least`, in their order. A NaN similarity is never too small, and after
 * matching it no other is, so that with one NaN all truths are kept.
 *
 * @param truths rows of the cell's truths, `count` of them
 * @returns how many candidates were written to out
 */
export type FindCandidates = (
  d: number,
  truths: Int32Array,
  first: number,
  count: number,
  least: number,
  out: Candidates,
) => number;

export function boxCandidates(dt: Rows, gt: Rows): FindCandidates {
  const { boxes } = dt;
  const { boxes: truthBoxes, crowd } = gt;
  return numberCandidates((d, r) => boxIou(boxes, d, truthBoxes, r, crowd[r] === 1));
}

export function oksCandidates(dt: Rows, gt: Rows, variances: Float64Array): FindCandidates {
  return numberCandidates((d, r, cut) => rowOks(dt, d, gt, r, variances, cut));
}

/** By a similarity that may be NaN. What is certain to be below `cut` may be any number below it. */
function numberCandidates(similarity: (d: number, r: number, cut: number) => number): FindCandidates {
  return (d, truths, first, count, least, out) => {
    let n = 0;
    let cut = least;
    for (let g = 0; g < count; g++) {
      const value = similarity(d, truths[first + g]!, cut);
      if (value < cut) continue;
      out.truth[n] = g;
      out.iou[n++] = value;
      if (Number.isNaN(value) && !Number.isNaN(cut)) {
        cut = Number.NaN;
        n = 0;
        g = -1;
      }
    }
    return n;
  };
}

/** Pixel overlaps below `least` are excluded by the areas and boxes where that is certain, else counted. */
export function maskCandidates(dt: Rows, gt: Rows, detections: MaskScratch, truthMasks: MaskScratch): FindCandidates {
  const { boxes } = dt;
  const { boxes: truthBoxes, crowd } = gt;
  return (d, truths, first, count, least, out) => {
    let n = 0;
    for (let g = 0; g < count; g++) {
      const r = truths[first + g]!;
      const isCrowd = crowd[r] === 1;
      if (!(boxIou(boxes, d, truthBoxes, r, isCrowd) > 0)) continue;
      const value = sharedPixels(detections, d, truthMasks, r, isCrowd, boxes, truthBoxes, least);
      if (value < least) continue;
      out.truth[n] = g;
      out.iou[n++] = value;
    }
    return n;
  };
}

/** Of the candidates by masks those whose boundaries overlap as much; crowds need not. */
export function boundaryCandidates(
  dt: Rows,
  gt: Rows,
  byMasks: FindCandidates,
  detections: MaskScratch,
  truthEdges: MaskScratch,
): FindCandidates {
  const { boxes } = dt;
  const { boxes: truthBoxes, crowd } = gt;
  return (d, truths, first, count, least, out) => {
    const found = byMasks(d, truths, first, count, least, out);
    let n = 0;
    for (let x = 0; x < found; x++) {
      const r = truths[first + out.truth[x]!]!;
      let value = out.iou[x]!;
      if (crowd[r] === 0)
        value = Math.min(value, sharedPixels(detections, d, truthEdges, r, false, boxes, truthBoxes, least));
      if (value < least) continue;
      out.truth[n] = out.truth[x]!;
      out.iou[n++] = value;
    }
    return n;
  };
}
