import * as z from 'zod/mini';
import type { Placement } from '../../datasets/placement.js';
import type { Detections } from '../../datasets/sample.js';
import { WeightsError } from '../../engine/errors.js';
import { listCandidates } from '../boxes/suppression.js';
import type { HostOutput } from './answers.js';

/**
 * Boxes that the network has suppressed itself, of one image: output `detections` [D, 6] x1 y1 x2 y2 in pixels of the network's
 * input, score, class; best first.
 */
export const detectionsReading = z.strictObject({
  kind: z.literal('detections'),
  maxDetections: z.int().check(z.minimum(1), z.maximum(10_000)),
});

/** The boxes of one image, in its own pixels. */
export function readDetections(
  { values, shape: [count = 0, width = 0] }: HostOutput,
  placement: Placement,
): Detections {
  if (width !== 6 || values.length !== count * 6)
    throw new WeightsError(`output 'detections' is [${count}, ${width}] with ${values.length} values, expected [D, 6]`);
  const candidates = listCandidates(count, placement);
  for (let at = 0; at < values.length; at += 6) {
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0, score = 0, label = 0] = values.subarray(at, at + 6);
    candidates.add(x1, y1, x2, y2, label, score);
  }
  const { boxes, labels, scores } = candidates.done();
  return { boxes: Float32Array.from(boxes), labels, scores };
}
