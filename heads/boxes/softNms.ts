import { boxIou } from './iou.js';
import type { Candidates, KeptRows } from './nms.js';

export interface SoftNmsOptions {
  /** Width of the Gaussian: score *= exp(-iou ** 2 / sigma). */
  readonly sigma: number;
  /** Boxes whose score falls to this or below go. */
  readonly minimumScore: number;
  /** Stop after so many boxes of all classes together. */
  readonly limit: number;
}

/**
 * Soft non-maximum suppression: overlapping boxes of a class lose score instead of going at once.
 *
 * @source Bodla et al. 2017, arXiv:1704.04503, the Gaussian form
 */
export function suppressSoftly(candidates: Candidates, options: SoftNmsOptions): KeptRows {
  const { boxes, labels } = candidates;
  const { sigma, minimumScore, limit } = options;
  const scores = Float32Array.from(candidates.scores);
  const taken = new Uint8Array(scores.length);
  const kept = { rows: [] as number[], scores: [] as number[] };
  while (kept.rows.length < limit) {
    const top = argmax(scores, taken);
    if (top < 0 || !(scores[top]! > minimumScore)) break;
    taken[top] = 1;
    kept.rows.push(top);
    kept.scores.push(scores[top]!);
    for (let i = 0; i < scores.length; i++) {
      if (taken[i] === 1 || labels[i] !== labels[top]) continue;
      const iou = boxIou(boxes, top, i);
      if (iou > 0) scores[i] = scores[i]! * Math.exp(-(iou * iou) / sigma);
    }
  }
  return kept;
}

function argmax(scores: Float32Array, taken: Uint8Array): number {
  let best = -1;
  for (let i = 0; i < scores.length; i++) {
    if (taken[i] === 0 && (best < 0 || scores[i]! > scores[best]!)) best = i;
  }
  return best;
}
