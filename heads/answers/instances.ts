import * as z from 'zod';
import type { Placement } from '../../datasets/placement.js';
import type { Instances } from '../../datasets/sample.js';
import { WeightsError } from '../../engine/errors.js';
import { withMasks } from '../instance/decode.js';
import { countKernel, hostMask, ORIGIN } from '../instance/mask.js';
import type { HostOutput } from './answers.js';
import { boxesReading, readPlacedBoxes } from './boxes.js';

/**
 * Boxes with masks: outputs `boxes` and `scores` as of `boxes`, `kernels` [N, A, C], the mask network of each place, and `prototypes`
 * [N, h, w, P] that these read: of P + 2 inputs (the prototypes, then minus x and y of a prototype's middle over 64, pixels of the network's
 * input) weights [P + 2, P], [P, P] and [P] and biases of P, P and 1, rows first, relu between.
 */
export const instancesReading = boxesReading.extend({
  kind: z.literal('instances'),
  /** Pixels of the network's input between prototypes. */
  stride: z.int().min(1).max(1024),
  /** Pixels of the network's input by which the logit of a pixel lies before it. */
  shift: z.number().min(0).max(1),
  /** Least probability of a pixel of a mask. */
  maskThreshold: z.number().gt(0).lt(1),
});

/** The best objects of one image with masks of its size, best first. */
export function readInstances(
  { stride, shift, maskThreshold, ...options }: z.output<typeof instancesReading>,
  boxes: HostOutput,
  scores: HostOutput,
  { values: kernels, shape: [networks = 0, length = 0] }: HostOutput,
  { values, shape: [height = 0, width = 0, count = 0] }: HostOutput,
  placement: Placement,
): Instances {
  if (networks !== boxes.shape[0] || length !== countKernel(count))
    throw new WeightsError(
      `the network gives ${networks} mask networks of ${length} numbers for ${boxes.shape[0]} places and ${count} prototypes: not alike`,
    );
  const { detections, places } = readPlacedBoxes(options, boxes, scores, placement);
  const prototypes = { values, height, width, stride, shift };
  const maskOf = (place: number) => {
    return hostMask(prototypes, kernels.subarray(place * length, (place + 1) * length), ORIGIN);
  };
  return withMasks(detections, places, maskOf, prototypes, placement, maskThreshold);
}
