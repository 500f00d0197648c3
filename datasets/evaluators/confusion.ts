import type { Drawable } from '../pictures/shapes.js';
import { IGNORED, type ObjectsTruth, type Truth } from '../sample.js';
import type { ScoredBoxes } from './detection.js';
import { boxIou } from './matchBoxes.js';

/** Counts of truths by what they were answered as. */
export interface Confusion {
  add(truth: Truth, answer: Drawable): void;
  /** Rows are truths. Of boxes the last row and column are nothing: [K + 1, K + 1]; of class maps, pixels: [K, K]. */
  rows(): number[][];
}

/** Least IoU of a pair of boxes. */
const OVERLAP = 0.5;

/**
 * Boxes from the threshold up, best first, take the free truth that they overlap most, of whatever class; ignored truths
 * take part in nothing, and neither does what lies on them. Pixels that are ignored are left out.
 */
export function createConfusion(classes: number, threshold: number): Confusion {
  const side = classes + 1;
  const counts = new Float64Array(side * side);
  let hasBoxes = false;
  const add = (row: number, column: number): void => {
    counts[row * side + column]!++;
  };
  return {
    add: (truth, answer) => {
      if ('mask' in truth && 'mask' in answer) {
        for (let i = 0; i < truth.mask.length; i++) {
          if (truth.mask[i] !== IGNORED) add(truth.mask[i]!, answer.mask[i]!);
        }
      } else if ('labels' in truth && 'scores' in answer) {
        hasBoxes = true;
        for (const [row, column] of pairsOf(truth, answer, threshold)) add(row ?? classes, column ?? classes);
      }
    },
    rows: () => {
      const shown = hasBoxes ? side : classes;
      return Array.from({ length: shown }, (_, row) => Array.from(counts.subarray(row * side, row * side + shown)));
    },
  };
}

type Pair = readonly [truth: number | null, answer: number | null];

function pairsOf(truth: ObjectsTruth, answer: ScoredBoxes, threshold: number): readonly Pair[] {
  const free = new Set(truth.labels.keys());
  const pairs: Pair[] = [];
  for (let d = 0; d < answer.labels.length; d++) {
    if (answer.scores[d]! < threshold) continue;
    let [best, most] = [-1, OVERLAP];
    for (const m of free) {
      const iou = boxIou(truth.boxes, m, answer.boxes, d);
      if (iou < most) continue;
      [best, most] = [m, iou];
    }
    if (best < 0) pairs.push([null, answer.labels[d]!]);
    if (best < 0 || truth.ignored[best] === 1) continue;
    free.delete(best);
    pairs.push([truth.labels[best]!, answer.labels[d]!]);
  }
  return [...pairs, ...[...free].filter((m) => truth.ignored[m] === 0).map((m): Pair => [truth.labels[m]!, null])];
}
