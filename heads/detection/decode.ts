import type { Placement } from '../../datasets/placement.js';
import type { Detections } from '../../datasets/sample.js';
import { decodeBox } from './boxCoder.js';
import { topIndices } from './candidates.js';
import { type Candidates, type Survivors, suppress } from './nms.js';
import { suppressSoftly } from './softNms.js';

export interface DecodeOptions {
  /** Anchor-class pairs that are looked at, best first. */
  readonly maxCandidates: number;
  readonly maxDetections: number;
  /** In [0, 1); pairs that score less are left out. */
  readonly scoreThreshold: number;
  /** `hard`: boxes of a class above `iouThreshold` go; `soft`: they lose score. */
  readonly suppression: 'hard' | 'soft';
  /** 1 turns hard suppression off. */
  readonly iouThreshold: number;
}

/** As the EfficientDet release evaluates. */
export const DEFAULT_DECODING: DecodeOptions = {
  maxCandidates: 5000,
  maxDetections: 100,
  scoreThreshold: 0,
  suppression: 'hard',
  iouThreshold: 0.5,
};

const SOFT = { sigma: 0.5, minimumScore: 0.001 } as const;

/** Network outputs of one image on the host. */
export interface RawDetections {
  /** [A, K] logits. */
  readonly logits: Float32Array;
  /** [A, 4] ty tx th tw. */
  readonly offsets: Float32Array;
}

/**
 * Outputs of one image -> boxes of the original image, best score first. Boxes are clipped to the image; those that
 * lie outside it, or are not finite, are dropped.
 *
 * @param anchors [A, 4] x1 y1 x2 y2, input pixels
 */
export function decodeDetections(
  raw: RawDetections,
  anchors: Float32Array,
  placement: Placement,
  options: DecodeOptions,
): Detections {
  const candidates = collect(raw, anchors, placement, options);
  const kept =
    options.suppression === 'soft'
      ? suppressSoftly(candidates, { ...SOFT, limit: options.maxDetections })
      : suppress(candidates, options.iouThreshold, options.maxDetections);
  return gather(candidates, kept);
}

function collect(raw: RawDetections, anchors: Float32Array, placement: Placement, options: DecodeOptions): Candidates {
  const classes = raw.logits.length / (anchors.length / 4);
  const top = topIndices(raw.logits, options.maxCandidates, logit(options.scoreThreshold));
  const boxes = new Float64Array(top.length * 4);
  const labels = new Int32Array(top.length);
  const scores = new Float32Array(top.length);
  let count = 0;
  for (const index of top) {
    decodeBox(boxes, count, anchors, raw.offsets, Math.floor(index / classes));
    if (!restore(boxes, count, placement)) continue;
    labels[count] = index % classes;
    scores[count] = 1 / (1 + Math.exp(-raw.logits[index]!));
    count++;
  }
  return {
    boxes: boxes.subarray(0, count * 4),
    labels: labels.subarray(0, count),
    scores: scores.subarray(0, count),
  };
}

/** Input pixels -> original pixels, clipped to the image; false when nothing of the box is left. */
function restore(boxes: Float64Array, row: number, placement: Placement): boolean {
  const { width, height, scaleX, scaleY, offsetX, offsetY } = placement;
  const at = row * 4;
  const clip = (value: number, limit: number): number => Math.min(Math.max(value, 0), limit);
  boxes[at] = clip((boxes[at]! - offsetX) / scaleX, width);
  boxes[at + 1] = clip((boxes[at + 1]! - offsetY) / scaleY, height);
  boxes[at + 2] = clip((boxes[at + 2]! - offsetX) / scaleX, width);
  boxes[at + 3] = clip((boxes[at + 3]! - offsetY) / scaleY, height);
  return boxes[at + 2]! > boxes[at]! && boxes[at + 3]! > boxes[at + 1]!;
}

function gather(candidates: Candidates, { rows, scores }: Survivors): Detections {
  return {
    boxes: Float32Array.from(rows.flatMap((row) => Array.from(candidates.boxes.subarray(row * 4, row * 4 + 4)))),
    labels: Int32Array.from(rows, (row) => candidates.labels[row]!),
    scores: Float32Array.from(scores),
  };
}

function logit(probability: number): number {
  return Math.log(probability / (1 - probability));
}
