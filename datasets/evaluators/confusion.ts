import type { Drawable } from '../pictures/shapes.js';
import { IGNORED, type ObjectsTruth, type Truth } from '../sample.js';
import type { ScoredBoxes } from './detection.js';
import { labelPairs } from './labelPairs.js';
import { boxIou } from './matchBoxes.js';

/** Counts of truths by what they were answered as. */
export interface Confusion {
  add(truth: Truth, answer: Drawable): void;
  /**
   * Rows are truths. Of boxes, and of classes that do not exclude each other, of pixels too, the last row and column are nothing:
   * [K + 1, K + 1]; of class maps, pixels, and of classes of images: [K, K]. Empty with more than 1024 classes.
   */
  rows(): number[][];
}

/** Classes that are compared in pairs: of more no table is looked at. */
const MOST_CLASSES = 1024;
/** Least IoU of a pair of boxes. */
const OVERLAP = 0.5;

/**
 * Boxes from the threshold up, best first, take the free truth that they overlap most, of whatever class; ignored truths
 * take part in nothing, and neither does what lies on them. Pixels that are ignored are left out.
 */
export function createConfusion(classes: number, threshold: number): Confusion {
  const side = classes + 1;
  const isCounted = classes <= MOST_CLASSES;
  const counts = new Float64Array(isCounted ? side * side : 0);
  let hasNothing = false;
  const add = (row: number, column: number): void => {
    counts[row * side + column]!++;
  };
  return {
    add: (truth, answer) => {
      if (!isCounted) return;
      if ('mask' in truth && 'mask' in answer && truth.kind === 'classMap' && truth.overlaps) {
        hasNothing = true;
        for (const [i, set] of truth.mask.entries()) {
          for (const [row, column] of setPairs(set, answer.mask[i]!)) add(row ?? classes, column ?? classes);
        }
      } else if ('mask' in truth && 'mask' in answer) {
        for (let i = 0; i < truth.mask.length; i++) {
          if (truth.mask[i] !== IGNORED) add(truth.mask[i]!, answer.mask[i]!);
        }
      } else if ('boxes' in truth && 'scores' in answer) {
        hasNothing = true;
        for (const [row, column] of pairsOf(truth, answer, threshold)) add(row ?? classes, column ?? classes);
      } else if (truth.kind === 'labels' && 'probabilities' in answer) {
        hasNothing ||= !answer.isExclusive;
        for (const [row, column] of labelPairs(truth, answer)) add(row ?? classes, column ?? classes);
      }
    },
    rows: () => {
      if (!isCounted) return [];
      const shown = hasNothing ? side : classes;
      return Array.from({ length: shown }, (_, row) => Array.from(counts.subarray(row * side, row * side + shown)));
    },
  };
}

type Pair = readonly [truth: number | null, answer: number | null];

/** Classes of a pixel that may overlap: each is found, missed or answered too much by itself. */
export function setPairs(truth: number, answer: number): readonly Pair[] {
  if (truth === IGNORED || (truth | answer) === 0) return [];
  const pairs: Pair[] = [];
  for (let k = 0; (truth | answer) >> k > 0; k++) {
    const [isTrue, isAnswered] = [(truth >> k) & 1, (answer >> k) & 1];
    if (isTrue || isAnswered) pairs.push([isTrue ? k : null, isAnswered ? k : null]);
  }
  return pairs;
}

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
