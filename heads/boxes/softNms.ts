import { boxIou } from './iou.js';
import type { Candidates, Survivors } from './nms.js';

export interface SoftNmsOptions {
  /** Width of the Gaussian: score *= exp(-iou ** 2 / sigma). */
  readonly sigma: number;
  /** Boxes whose score falls to this or below go. */
  readonly minimumScore: number;
  /** Stop after so many survivors of all classes together. */
  readonly limit: number;
}

/**
 * Soft non-maximum suppression: overlapping boxes of a class lose score instead of going at once.
 *
 * @source Bodla et al. 2017, arXiv:1704.04503, the Gaussian form
 */
export function suppressSoftly(candidates: Candidates, options: SoftNmsOptions): Survivors {
  const { boxes, labels } = candidates;
  const { sigma, minimumScore, limit } = options;
  const scores = Float32Array.from(candidates.scores);
  const taken = new Uint8Array(scores.length);
  const survivors = { rows: [] as number[], scores: [] as number[] };
  while (survivors.rows.length < limit) {
    const top = argmax(scores, taken);
    if (top < 0 || !(scores[top]! > minimumScore)) break;
    taken[top] = 1;
    survivors.rows.push(top);
    survivors.scores.push(scores[top]!);
    for (let i = 0; i < scores.length; i++) {
      if (taken[i] === 1 || labels[i] !== labels[top]) continue;
      const iou = boxIou(boxes, top, i);
      if (iou > 0) scores[i] = scores[i]! * Math.exp(-(iou * iou) / sigma);
    }
  }
  return survivors;
}

function argmax(scores: Float32Array, taken: Uint8Array): number {
  let best = -1;
  for (let i = 0; i < scores.length; i++) {
    if (taken[i] === 0 && (best < 0 || scores[i]! > scores[best]!)) best = i;
  }
  return best;
}
