import { boxIou } from './iou.js';

/** Boxes that compete, best first. */
export interface Candidates {
  /** [D, 4] x1 y1 x2 y2. */
  readonly boxes: Float64Array;
  /** [D] class index; boxes of different classes do not compete. */
  readonly labels: Int32Array;
  /** [D] descending. */
  readonly scores: Float32Array;
  /** [D] where each comes from, for what else is predicted there. */
  readonly origins?: Int32Array;
}

/** Rows of `Candidates` that stay, best first, and their scores. */
export interface KeptRows {
  readonly rows: readonly number[];
  readonly scores: readonly number[];
}

/**
 * Greedy non-maximum suppression within each class: a box goes when a better one of its class overlaps it by more
 * than `iouThreshold`. 1 keeps every box.
 *
 * @param limit stop after so many boxes of all classes together
 */
export function suppress(candidates: Candidates, iouThreshold: number, limit: number): KeptRows {
  const { boxes, labels, scores } = candidates;
  const rows: number[] = [];
  for (let i = 0; i < scores.length && rows.length < limit; i++) {
    const beaten = rows.some((row) => labels[row] === labels[i] && boxIou(boxes, row, i) > iouThreshold);
    if (!beaten) rows.push(i);
  }
  return { rows, scores: rows.map((row) => scores[row]!) };
}
