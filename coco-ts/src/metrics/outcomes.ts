import { valueAt } from '../checked.js';
import type { EvalImage } from '../evaluation/matching.js';

/** Detections that count, at one IoU threshold. */
export interface Outcomes {
  readonly scores: Float64Array;
  readonly correct: Uint8Array;
}

/** Scores and correctness of every detection that is not ignored. @param threshold position of the IoU threshold */
export function outcomes(cells: Iterable<EvalImage | null>, threshold = 0): Outcomes {
  const scores: number[] = [];
  const correct: number[] = [];
  for (const cell of cells) {
    if (cell === null) continue;
    const D = cell.dtScores.length;
    for (let d = 0; d < D; d++) {
      if (cell.dtIgnore[threshold * D + d]) continue;
      scores.push(valueAt(cell.dtScores, d));
      correct.push(cell.dtMatches[threshold * D + d] !== 0 ? 1 : 0);
    }
  }
  return { scores: Float64Array.from(scores), correct: Uint8Array.from(correct) };
}

/** The cells of one size range: evalImgs go by category, size range, image. */
export function cellsOfArea(
  evalImgs: readonly (EvalImage | null)[],
  areas: number,
  images: number,
  area = 0,
): (EvalImage | null)[] {
  return evalImgs.filter((_, index) => Math.floor(index / images) % areas === area);
}
