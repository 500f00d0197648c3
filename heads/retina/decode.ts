import type { Placement } from '../../datasets/placement.js';
import type { Detections } from '../../datasets/sample.js';
import { topIndices } from '../boxes/candidates.js';
import { type DecodeOptions, listCandidates, suppressed } from '../boxes/suppression.js';
import { decodeBox } from './boxCoder.js';

/** As the EfficientDet release evaluates. */
export const DEFAULT_DECODING: DecodeOptions = {
  maxCandidates: 5000,
  maxDetections: 100,
  scoreThreshold: 0,
  suppression: 'hard',
  iouThreshold: 0.5,
};

/** Network outputs of one image on the host. */
export interface RetinaOutputs {
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
export function decodeRetina(
  { logits, offsets }: RetinaOutputs,
  anchors: Float32Array,
  placement: Placement,
  options: DecodeOptions,
): Detections {
  const classes = logits.length / (anchors.length / 4);
  const top = topIndices(logits, options.maxCandidates, logit(options.scoreThreshold));
  const candidates = listCandidates(top.length, placement);
  const box = new Float64Array(4);
  for (const index of top) {
    decodeBox(box, 0, anchors, offsets, Math.floor(index / classes));
    const score = 1 / (1 + Math.exp(-logits[index]!));
    candidates.add(box[0]!, box[1]!, box[2]!, box[3]!, index % classes, score);
  }
  return suppressed(candidates.done(), options);
}

const logit = (probability: number): number => Math.log(probability / (1 - probability));
