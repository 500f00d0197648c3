import type { Placement } from '../../datasets/placement.js';
import type { Detections } from '../../datasets/sample.js';
import { topIndices } from '../boxes/candidates.js';
import { type DecodeOptions, listCandidates, suppressed } from '../boxes/suppression.js';

/** Network outputs of one image on the host. */
export interface FcosOutputs {
  /** [A, K] logits. */
  readonly logits: Float32Array;
  /** [A, 4] left, top, right, bottom, cells. */
  readonly distances: Float32Array;
  /** [A] logits. */
  readonly centerness: Float32Array;
}

/**
 * Outputs of one image -> boxes of the original image, best score first: the geometric mean of class probability and
 * centre-ness. The threshold is on the class probability.
 *
 * @param points [A, 3] x, y, pixels per cell
 * @source Tian et al. 2019, arXiv:1904.01355, section 3.1, with the square root of its later version
 */
export function decodeFcos(
  { logits, distances, centerness }: FcosOutputs,
  points: Float32Array,
  placement: Placement,
  options: DecodeOptions,
): Detections {
  const classes = logits.length / (points.length / 3);
  const scores = new Float32Array(logits.length);
  for (let at = 0; at < logits.length; at++) {
    const probability = sigmoid(logits[at]!);
    const isCounted = probability >= options.scoreThreshold;
    scores[at] = isCounted ? Math.sqrt(probability * sigmoid(centerness[Math.floor(at / classes)]!)) : -1;
  }
  const top = topIndices(scores, options.maxCandidates, 0);
  const candidates = listCandidates(top.length, placement);
  for (const index of top) {
    const place = Math.floor(index / classes);
    const [x, y, stride] = [points[place * 3]!, points[place * 3 + 1]!, points[place * 3 + 2]!];
    const [left, top, right, bottom] = [0, 1, 2, 3].map((side) => distances[place * 4 + side]! * stride) as Sides;
    candidates.add(x - left, y - top, x + right, y + bottom, index % classes, scores[index]!);
  }
  return suppressed(candidates.done(), options);
}

type Sides = [left: number, top: number, right: number, bottom: number];

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
