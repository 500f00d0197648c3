import type { Placement } from '../../datasets/placement.js';
import type { Detections } from '../../datasets/sample.js';
import { suppressAtOnce } from './matrixNms.js';
import { type Candidates, type KeptRows, suppress } from './nms.js';
import { suppressSoftly } from './softNms.js';

/** What becomes of boxes that overlap better ones. */
export const SUPPRESSIONS = ['hard', 'soft', 'agnostic', 'matrix'] as const;

export interface DecodeOptions {
  /** Pairs of a place and a class that are looked at, best first. */
  readonly maxCandidates: number;
  readonly maxDetections: number;
  /** In [0, 1); pairs that score less are left out. */
  readonly scoreThreshold: number;
  /** `hard`: boxes of a class above `iouThreshold` go, `agnostic`: of any class; `soft`, `matrix`: they lose score. */
  readonly suppression: (typeof SUPPRESSIONS)[number];
  /** 1 turns hard suppression off. */
  readonly iouThreshold: number;
}

const SOFT = { sigma: 0.5, minimumScore: 0.001 } as const;
/** As the authors of matrix suppression. */
const MATRIX = { sigma: 2, minimumScore: 0.001 } as const;

/** The boxes that suppression leaves, best score first. */
export function suppressed(candidates: Candidates, options: DecodeOptions): Detections {
  return suppressedWithOrigins(candidates, options).detections;
}

/** The same, and where each of them comes from. */
export function suppressedWithOrigins(
  candidates: Candidates,
  options: DecodeOptions,
): { readonly detections: Detections; readonly places: Int32Array } {
  const kept = suppressCandidates(candidates, options);
  const places = Int32Array.from(kept.rows, (row) => candidates.origins?.[row] ?? 0);
  return { detections: keptBoxes(candidates, kept), places };
}

function suppressCandidates(candidates: Candidates, options: DecodeOptions): KeptRows {
  const { suppression, iouThreshold, maxDetections: limit } = options;
  if (suppression === 'soft') return suppressSoftly(candidates, { ...SOFT, limit });
  if (suppression === 'matrix') return suppressAtOnce(candidates, { ...MATRIX, limit });
  const { boxes, scores, labels } = candidates;
  const considered = suppression === 'agnostic' ? { boxes, scores, labels: new Int32Array(labels.length) } : candidates;
  return suppress(considered, iouThreshold, limit);
}

function keptBoxes(candidates: Candidates, { rows, scores }: KeptRows): Detections {
  return {
    boxes: Float32Array.from(rows.flatMap((row) => Array.from(candidates.boxes.subarray(row * 4, row * 4 + 4)))),
    labels: Int32Array.from(rows, (row) => candidates.labels[row]!),
    scores: Float32Array.from(scores),
  };
}

/** Candidates of one image as they are found; `limit` is the most there can be. */
export interface CandidateList {
  /**
   * Adds a box of the network's input, moved into the original image and clipped to it. Nothing is added when nothing of the
   * box is left, or when it is not finite.
   *
   * @param score  in [0, 1], not above that of the box before
   * @param origin where it comes from. Defaults to 0
   */
  add(x1: number, y1: number, x2: number, y2: number, label: number, score: number, origin?: number): void;
  done(): Candidates;
}

export function listCandidates(limit: number, placement: Placement): CandidateList {
  const { width, height, scaleX, scaleY, offsetX, offsetY } = placement;
  const boxes = new Float64Array(limit * 4);
  const labels = new Int32Array(limit);
  const scores = new Float32Array(limit);
  const origins = new Int32Array(limit);
  let count = 0;
  return {
    add: (x1, y1, x2, y2, label, score, origin = 0) => {
      const at = count * 4;
      boxes[at] = clip((x1 - offsetX) / scaleX, width);
      boxes[at + 1] = clip((y1 - offsetY) / scaleY, height);
      boxes[at + 2] = clip((x2 - offsetX) / scaleX, width);
      boxes[at + 3] = clip((y2 - offsetY) / scaleY, height);
      if (!(boxes[at + 2]! > boxes[at] && boxes[at + 3]! > boxes[at + 1]!)) return;
      labels[count] = label;
      scores[count] = score;
      origins[count] = origin;
      count++;
    },
    done: () => ({
      boxes: boxes.subarray(0, count * 4),
      labels: labels.subarray(0, count),
      scores: scores.subarray(0, count),
      origins: origins.subarray(0, count),
    }),
  };
}

const clip = (value: number, limit: number): number => Math.min(Math.max(value, 0), limit);
