import type { Placement } from '../../datasets/placement.js';
import type { Detections } from '../../datasets/sample.js';
import { topIndices } from '../boxes/candidates.js';
import { type DecodeOptions, listCandidates, suppressedWithOrigins } from '../boxes/suppression.js';

/** Network outputs of one image on the host. */
export interface AlignedOutputs {
  /** [A, K] logits. */
  readonly logits: Float32Array;
  /** [A, 4, regMax + 1] logits. */
  readonly bins: Float32Array;
}

/**
 * Outputs of one image -> boxes of the original image, best score first. A score is class and quality in one.
 *
 * @param points [A, 3] of `createPoints`
 * @source Li et al. 2020, arXiv:2006.04388, section 3
 */
export function decodeAligned(
  { logits, bins }: AlignedOutputs,
  points: Float32Array,
  placement: Placement,
  options: DecodeOptions,
): Detections {
  return detectAligned({ logits, bins }, points, placement, options).detections;
}

/** The same with the place that each detection comes from. */
export function detectAligned(
  { logits, bins }: AlignedOutputs,
  points: Float32Array,
  placement: Placement,
  options: DecodeOptions,
): { readonly detections: Detections; readonly places: Int32Array } {
  const places = points.length / 3;
  const classes = logits.length / places;
  const width = bins.length / places / 4;
  const { scoreThreshold } = options;
  const top = topIndices(logits, options.maxCandidates, Math.log(scoreThreshold / (1 - scoreThreshold)));
  const candidates = listCandidates(top.length, placement);
  for (const index of top) {
    const place = Math.floor(index / classes);
    const [x, y, stride] = [points[place * 3]!, points[place * 3 + 1]!, points[place * 3 + 2]!];
    const side = (at: number): number => stride * expected(bins, (place * 4 + at) * width, width);
    const score = 1 / (1 + Math.exp(-logits[index]!));
    candidates.add(x - side(0), y - side(1), x + side(2), y + side(3), index % classes, score, place);
  }
  return suppressedWithOrigins(candidates.done(), options);
}

/** Mean of the numbers 0, 1, ... under the softmax of logits. */
function expected(logits: Float32Array, from: number, count: number): number {
  let highest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < count; i++) highest = Math.max(highest, logits[from + i]!);
  let [sum, moment] = [0, 0];
  for (let i = 0; i < count; i++) {
    const share = Math.exp(logits[from + i]! - highest);
    sum += share;
    moment += share * i;
  }
  return moment / sum;
}
