import type * as z from 'zod/mini';
import type { Placement } from '../../datasets/placement.js';
import type { Instances, Panoptic } from '../../datasets/sample.js';
import { WeightsError } from '../../engine/errors.js';
import { withMasks } from '../instance/decode.js';
import { countKernel, hostMask, ORIGIN } from '../instance/mask.js';
import { ownClass } from '../panoptic/encoder.js';
import { mergePanoptic } from '../panoptic/merge.js';
import type { HostOutput } from './answers.js';
import { type instancesReading, type panopticReading, readPlacedBoxes } from './boxes.js';
import { readClassMap } from './classMap.js';

type MaskReading = Omit<z.output<typeof instancesReading>, 'kind'>;

/** The best objects of one image with masks of its size, best first. */
export function readInstances(
  { stride, shift, maskThreshold, ...options }: MaskReading,
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

/** Objects of one image, and the class of what they leave of it. */
export function readPanoptic(
  { covered, things, merge }: Pick<z.output<typeof panopticReading>, 'covered' | 'things' | 'merge'>,
  found: Instances,
  semantic: HostOutput,
  placement: Placement,
): Panoptic {
  const map = readClassMap({ kind: 'classMap', covered }, semantic, placement);
  return mergePanoptic(found, { ...map, mask: map.mask.map((label) => ownClass(label, things)) }, merge);
}
