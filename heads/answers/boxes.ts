import * as z from 'zod/mini';
import type { Placement } from '../../datasets/placement.js';
import type { Detections } from '../../datasets/sample.js';
import { WeightsError } from '../../engine/errors.js';
import { topIndices } from '../boxes/candidates.js';
import { type DecodeOptions, listCandidates, SUPPRESSIONS, suppressedWithOrigins } from '../boxes/suppression.js';
import type { HostOutput } from './answers.js';

const fraction = z.number().check(z.minimum(0), z.maximum(1));
const upTo = (most: number) => z.int().check(z.minimum(1), z.maximum(most));

/**
 * Boxes at A places: outputs `boxes` [N, A, 4] x1 y1 x2 y2 in pixels of the network's input, and `scores` [N, A, K]; below 0:
 * never an answer.
 */
export const boxesReading = z.strictObject({
  kind: z.literal('boxes'),
  maxCandidates: upTo(100_000),
  maxDetections: upTo(10_000),
  scoreThreshold: fraction,
  suppression: z.enum(SUPPRESSIONS),
  iouThreshold: fraction,
});

/**
 * Boxes with masks: outputs `boxes` and `scores` as of `boxes`, `kernels` [N, A, C], the mask network of each place, and `prototypes`
 * [N, h, w, P] that these read: of P + 2 inputs (the prototypes, then minus x and y of a prototype's middle over 64, pixels of the network's
 * input) weights [P + 2, P], [P, P] and [P] and biases of P, P and 1, rows first, relu between.
 */
export const instancesReading = z.extend(boxesReading, {
  kind: z.literal('instances'),
  /** Pixels of the network's input between prototypes. */
  stride: upTo(1024),
  /** Pixels of the network's input by which the logit of a pixel lies before it. */
  shift: fraction,
  /** Least probability of a pixel of a mask. */
  maskThreshold: z.number().check(z.gt(0), z.lt(1)),
});

/**
 * Objects and regions: outputs as of `instances`, and `semantic` [N, h, w, K] scores on a grid over `covered` pixels of the network's input: of
 * all objects as one class, then of the classes without objects.
 */
export const panopticReading = z.extend(instancesReading, {
  kind: z.literal('panoptic'),
  /** [height, width], pixels. */
  covered: z.readonly(z.tuple([upTo(65_536), upTo(65_536)])),
  /** Classes that have objects, the first. */
  things: upTo(100_000),
  merge: z.strictObject({ scoreThreshold: fraction, visible: fraction, stuffShare: fraction }),
});

/** The best boxes of one image, in its own pixels, best first. */
export const readBoxes = (
  options: DecodeOptions,
  boxes: HostOutput,
  scores: HostOutput,
  placement: Placement,
): Detections => readPlacedBoxes(options, boxes, scores, placement).detections;

/** The same, and the place that each comes from. */
export function readPlacedBoxes(
  options: DecodeOptions,
  { values: boxes, shape: [places = 0, sides = 0] }: HostOutput,
  { values: scores, shape: [scored = 0, classes = 0] }: HostOutput,
  placement: Placement,
): { readonly detections: Detections; readonly places: Int32Array } {
  if (scored !== places || sides !== 4)
    throw new WeightsError(`the network gives ${places} boxes of ${sides} values with ${scored} scores: not alike`);
  const top = topIndices(scores, options.maxCandidates, options.scoreThreshold);
  const candidates = listCandidates(top.length, placement);
  for (const index of top) {
    const place = Math.floor(index / classes);
    const at = place * 4;
    candidates.add(boxes[at]!, boxes[at + 1]!, boxes[at + 2]!, boxes[at + 3]!, index % classes, scores[index]!, place);
  }
  return suppressedWithOrigins(candidates.done(), options);
}
