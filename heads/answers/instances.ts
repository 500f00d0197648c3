import type * as z from 'zod/mini';
import type { Placement } from '../../datasets/placement.js';
import type { Instances } from '../../datasets/sample.js';
import { WeightsError } from '../../engine/errors.js';
import { withMasks } from '../instance/decode.js';
import { countKernel, hostMask, ORIGIN } from '../instance/mask.js';
import type { HostOutput } from './answers.js';
import { type instancesReading, readPlacedBoxes } from './boxes.js';

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
