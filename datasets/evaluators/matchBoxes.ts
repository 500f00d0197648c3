import type { ObjectsTruth } from '../sample.js';
import type { ScoredBoxes } from './detection.js';

/** How the boxes of one image meet its truths; positions in both. */
export interface BoxMatch {
  readonly hits: readonly { readonly truth: number; readonly detection: number; readonly iou: number }[];
  /** Detections that found nothing; those on an ignored truth of their class are left out. */
  readonly extra: readonly number[];
  /** Truths that were not found; ignored ones are left out. */
  readonly missed: readonly number[];
}

export interface MatchOptions {
  /** Lowest score that counts. */
  readonly threshold: number;
  /** Least IoU of a hit. Defaults to 0.5. */
  readonly iou?: number;
}

/** Every detection, best first, takes the free truth of its class that it overlaps most. */
export function matchBoxes(truth: ObjectsTruth, answer: ScoredBoxes, { threshold, iou = 0.5 }: MatchOptions): BoxMatch {
  const hits: { truth: number; detection: number; iou: number }[] = [];
  const extra: number[] = [];
  const free = new Set(truth.labels.keys());
  for (let d = 0; d < answer.labels.length; d++) {
    if (answer.scores[d]! < threshold) continue;
    const best = mostOverlapped(truth, answer, d, free);
    if (best === null || best.iou < iou) {
      extra.push(d);
      continue;
    }
    if (truth.ignored[best.truth] === 1) continue;
    free.delete(best.truth);
    hits.push({ truth: best.truth, detection: d, iou: best.iou });
  }
  return { hits, extra, missed: [...free].filter((m) => truth.ignored[m] === 0) };
}

function mostOverlapped(truth: ObjectsTruth, answer: ScoredBoxes, d: number, free: ReadonlySet<number>) {
  let best: { readonly truth: number; readonly iou: number } | null = null;
  for (const m of free) {
    if (truth.labels[m] !== answer.labels[d]) continue;
    const value = boxIou(truth.boxes, m, answer.boxes, d);
    if (best === null || value > best.iou) best = { truth: m, iou: value };
  }
  return best;
}

/** Intersection over union of box `i` of one list and box `j` of another; 0 where both are empty. */
export function boxIou(a: ArrayLike<number>, i: number, b: ArrayLike<number>, j: number): number {
  const [ax1, ay1, ax2, ay2] = [a[i * 4]!, a[i * 4 + 1]!, a[i * 4 + 2]!, a[i * 4 + 3]!];
  const [bx1, by1, bx2, by2] = [b[j * 4]!, b[j * 4 + 1]!, b[j * 4 + 2]!, b[j * 4 + 3]!];
  const width = Math.max(0, Math.min(ax2, bx2) - Math.max(ax1, bx1));
  const height = Math.max(0, Math.min(ay2, by2) - Math.max(ay1, by1));
  const shared = width * height;
  const union = (ax2 - ax1) * (ay2 - ay1) + (bx2 - bx1) * (by2 - by1) - shared;
  return union > 0 ? shared / union : 0;
}
