import { boxIou } from './iou.js';
import type { Candidates, KeptRows } from './nms.js';

export interface MatrixNmsOptions {
  /** Steepness of the Gaussian: score *= exp(-sigma * (iou ** 2 - most ** 2)). */
  readonly sigma: number;
  /** Boxes whose score falls to this or below go. */
  readonly minimumScore: number;
  /** At most so many boxes of all classes together. */
  readonly limit: number;
}

/**
 * Matrix non-maximum suppression: every box loses score to each better one of its class at once, the less, the more that one is itself
 * overlapped by a better one.
 *
 * @source Wang et al. 2020, arXiv:2003.10152, equations 5 and 6, the Gaussian form
 */
export function suppressAtOnce(candidates: Candidates, { sigma, minimumScore, limit }: MatrixNmsOptions): KeptRows {
  const { boxes, labels, scores } = candidates;
  const most = new Float64Array(scores.length); // largest IoU with a better box of the class
  const found: { readonly row: number; readonly score: number }[] = [];
  for (let i = 0; i < scores.length; i++) {
    let decay = 1;
    for (let j = 0; j < i; j++) {
      if (labels[j] !== labels[i]) continue;
      const iou = boxIou(boxes, j, i);
      most[i] = Math.max(most[i]!, iou);
      decay = Math.min(decay, Math.exp(-sigma * (iou * iou - most[j]! * most[j]!)));
    }
    const score = scores[i]! * decay;
    if (score > minimumScore) found.push({ row: i, score });
  }
  found.sort((a, b) => b.score - a.score || a.row - b.row);
  const kept = found.slice(0, limit);
  return { rows: kept.map(({ row }) => row), scores: kept.map(({ score }) => score) };
}
