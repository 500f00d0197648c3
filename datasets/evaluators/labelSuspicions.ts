import { valueAt } from '../../engine/checked.js';
import { boxAt } from '../boxAt.js';
import type { ObjectsTruth } from '../sample.js';
import type { ScoredBoxes } from './detection.js';
import { boxIou } from './matchBoxes.js';

/** A place where a confident answer and the label disagree: the label may be wrong. */
export interface Suspicion {
  readonly kind: 'missing' | 'class' | 'place';
  /** Score of the prediction. */
  readonly score: number;
  readonly box: readonly [x1: number, y1: number, x2: number, y2: number];
  /** Class index of the answer, and of the truth that it lies on. */
  readonly answered: number;
  readonly labelled: number | null;
}

/** Least IoU that is the same object, and that is the same place. */
const [TOUCHES, SAME] = [0.1, 0.5];

/** Disagreements of answers from the threshold up, the most confident first. */
export function labelSuspicions(truth: ObjectsTruth, answer: ScoredBoxes, threshold: number): readonly Suspicion[] {
  const found: Suspicion[] = [];
  for (let d = 0; d < answer.labels.length; d++) {
    const score = valueAt(answer.scores, d);
    if (score < threshold) continue;
    let [nearest, overlap] = [-1, 0];
    let isFound = false;
    for (let m = 0; m < truth.labels.length; m++) {
      const iou = boxIou(truth.boxes, m, answer.boxes, d);
      isFound ||= iou >= SAME && (truth.labels[m] === answer.labels[d] || truth.ignored[m] === 1);
      if (iou > overlap) [nearest, overlap] = [m, iou];
    }
    if (isFound) continue;
    const [x1, y1, x2, y2] = boxAt(answer.boxes, d);
    const kind = overlap < TOUCHES ? 'missing' : overlap >= SAME ? 'class' : 'place';
    const labelled = kind === 'missing' ? null : valueAt(truth.labels, nearest);
    found.push({ kind, score, box: [x1, y1, x2, y2], answered: valueAt(answer.labels, d), labelled });
  }
  return found.sort((a, b) => b.score - a.score);
}
