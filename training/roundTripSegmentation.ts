import { allocateTargets } from '../datasets/encoder.js';
import { createSemanticEvaluator, type SemanticReport } from '../datasets/evaluators/index.js';
import type { Placement } from '../datasets/placement.js';
import type { ClassMap, LabelMap, SemanticTruth } from '../datasets/sample.js';
import { affineOf, paddedPlacement, warpMask } from '../datasets/transforms/index.js';
import { ShapeError } from '../engine/errors.js';
import { decodeClassMap } from '../heads/semantic/decode.js';
import { createEncoder } from '../heads/semantic/encoder.js';
import { type LabelledImages, NO, YES } from './roundTrip.js';

export interface SegmentationRoundTripOptions {
  readonly labels: LabelMap;
  /** The coarsest stride of the network, pixels: images are padded to a multiple of it. */
  readonly multiple: number;
}

/** 2 GiB of logits. */
const MOST_LOGITS = 2 ** 29;

/**
 * The best a segmentation head could answer on a data set with logits at full resolution: each class map at its own
 * size, padded, is encoded; perfect logits are decoded and evaluated. mIoU is 1 when labels, transform, decoding and
 * evaluator agree on every labelled pixel.
 *
 * @throws ShapeError when the logits of an image would take more than 2 GiB
 */
export async function roundTripSegmentation(
  images: LabelledImages<SemanticTruth>,
  { labels, multiple }: SegmentationRoundTripOptions,
): Promise<SemanticReport> {
  const evaluator = createSemanticEvaluator({ labels });
  for await (const { id, image, truth } of images) {
    const { placement, size } = paddedPlacement(image, multiple);
    const padded = { ...truth, mask: warpMask(truth.mask, truth, affineOf(placement), size) };
    evaluator.add(
      id,
      truth,
      answerMap(id, { ...padded, height: size[0], width: size[1] }, placement, labels.classes.length),
    );
  }
  return evaluator.report();
}

/** @param truth the class map of the network input */
function answerMap(id: string, truth: SemanticTruth, placement: Placement, K: number): ClassMap {
  const { height, width } = truth;
  if (height * width * K > MOST_LOGITS) {
    throw new ShapeError(`${id}: logits of ${height} x ${width} x ${K} classes take more than 2 GiB: leave it out`);
  }
  const inputSize = [height, width] as const;
  const encoder = createEncoder({ inputSize });
  const targets = allocateTargets(encoder.targets);
  encoder.encode(truth, targets);
  const scores = new Float32Array(height * width * K).fill(NO); // ignored pixels answer nothing in particular
  targets.mask.forEach((label, pixel) => {
    if (label >= 0) scores[pixel * K + label] = YES;
  });
  return decodeClassMap({ scores, height, width, classes: K }, inputSize, placement);
}
