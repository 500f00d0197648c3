import { allocateTargets } from '../datasets/encoder.js';
import { createPanopticEvaluator, type PanopticReport } from '../datasets/evaluators/index.js';
import { countThings, IGNORED, type LabelMap, type PanopticTruth } from '../datasets/sample.js';
import { createEncoder } from '../heads/panoptic/encoder.js';
import { mergePanoptic } from '../heads/panoptic/merge.js';
import type { LabelledImages } from './roundTrip.js';
import { answerOf, encoderConfigFor } from './roundTripInstances.js';

export interface PanopticRoundTripOptions {
  readonly labels: LabelMap;
  /** Pixels between the points of the masks. Defaults to 1, which loses no pixel. */
  readonly maskStride?: number;
}

/** Everything that is taught stays. */
const ALL = { scoreThreshold: 0, visible: 0, stuffShare: 0 } as const;

/**
 * The best a panoptic head could answer on a data set: each image at its own size is encoded, and what its targets teach is merged and
 * evaluated as the answer. PQ is 1 when labels, targets, merging and evaluator agree, and no object lies between the places.
 */
export async function roundTripPanoptic(
  images: LabelledImages<PanopticTruth>,
  { labels, maskStride = 1 }: PanopticRoundTripOptions,
): Promise<PanopticReport> {
  const evaluator = createPanopticEvaluator({ labels });
  const things = countThings(labels);
  for await (const { id, image, truth } of images) {
    const encoder = createEncoder({
      instance: encoderConfigFor(image, truth, maskStride),
      semantic: { inputSize: [image.height, image.width] },
      things,
    });
    const targets = allocateTargets(encoder.targets);
    encoder.encode(truth, targets);
    const taught = encoder.decode?.(targets) as PanopticTruth;
    const stuff = taught.mask.map((label) => (label < things ? IGNORED : label));
    evaluator.add(id, truth, mergePanoptic(answerOf(taught, image), { ...image, mask: stuff }, ALL));
  }
  return evaluator.report();
}
