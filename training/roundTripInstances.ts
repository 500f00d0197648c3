import { boxAt } from '../datasets/boxAt.js';
import { allocateTargets } from '../datasets/encoder.js';
import { createInstanceEvaluator, type InstanceReport } from '../datasets/evaluators/index.js';
import { packPatch } from '../datasets/packedMasks.js';
import type { Instances, InstanceTruth, LabelMap } from '../datasets/sample.js';
import { cutAt } from '../datasets/transforms/patches.js';
import { valueAt } from '../engine/checked.js';
import { createEncoder, type InstanceEncoderConfig } from '../heads/instance/encoder.js';
import type { LabelledImages } from './roundTrip.js';
import type { UnmatchedTruth } from './roundTripDetection.js';

export interface InstanceRoundTrip {
  /** Report of perfect predictions, over the objects that are taught. */
  readonly report: InstanceReport;
  /** Objects evaluated; ignored ones are not counted. */
  readonly truths: number;
  /** Objects that the network is never taught: no place is theirs, or no point of the masks. */
  readonly lost: readonly UnmatchedTruth[];
}

export interface InstanceRoundTripOptions {
  readonly labels: LabelMap;
  /** Pixels between the points of the masks. Defaults to 1, which loses no pixel. */
  readonly maskStride?: number;
}

/** Strides of the five maps that the head reads, input pixels per cell. */
const STRIDES = [8, 16, 32, 64, 128] as const;

/**
 * The best an instance head could answer on a data set: each image at its own size is encoded, and what its targets teach is evaluated as
 * the answer. AP is 1 when the labels, the targets and the evaluator agree; with coarser masks it is what their points leave of it.
 */
export async function roundTripInstances(
  images: LabelledImages<InstanceTruth>,
  { labels, maskStride = 1 }: InstanceRoundTripOptions,
): Promise<InstanceRoundTrip> {
  const evaluator = createInstanceEvaluator({ labels, maxDetections: MOST });
  const lost: UnmatchedTruth[] = [];
  let truths = 0;
  for await (const { id, image, truth } of images) {
    const encoder = createEncoder(encoderConfigFor(image, truth, maskStride));
    const targets = allocateTargets(encoder.targets);
    encoder.encode(truth, targets);
    const learned = Array.from(truth.labels.keys()).filter((m) => truth.ignored[m] !== 1);
    const points = new Set(targets.masks);
    const isTaught = (at: number): boolean =>
      valueAt(targets.starts, at + 1) > valueAt(targets.starts, at) && points.has(at + 1);
    const taught = encoder.decode?.(targets) as InstanceTruth;
    const kept = new Set(learned.filter((_, at) => isTaught(at)));
    for (const m of learned) {
      if (kept.has(m)) truths++;
      else {
        const [x1, y1, x2, y2] = boxAt(truth.boxes, m);
        lost.push({ image: id, label: labels.classes[valueAt(truth.labels, m)]?.name ?? '', box: [x1, y1, x2, y2] });
      }
    }
    evaluator.add(
      id,
      pick(truth, (m) => kept.has(m) || truth.ignored[m] === 1),
      answerOf(taught, image),
    );
  }
  return { report: evaluator.report(), truths, lost };
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** An encoder for an image at its own size. */
export function encoderConfigFor(
  { width, height }: Size,
  { labels }: Pick<InstanceTruth, 'labels'>,
  maskStride: number,
): InstanceEncoderConfig {
  const cells = (stride: number) => ({ height: Math.ceil(height / stride), width: Math.ceil(width / stride), stride });
  const { height: rows, width: columns } = cells(maskStride);
  return {
    grids: STRIDES.map(cells),
    maxObjects: Math.max(1, labels.length),
    atssTopK: 9,
    maskSize: [rows, columns],
    maskStride,
  };
}

/** The objects that are taught, as an answer that has no doubt. */
export function answerOf(taught: Pick<InstanceTruth, 'boxes' | 'labels' | 'masks'>, image: Size): Instances {
  const answered = taught.masks.flatMap((patch, i) => (patch.data.length > 0 ? [i] : []));
  return {
    boxes: Float32Array.from(answered.flatMap((i) => Array.from(taught.boxes.subarray(i * 4, i * 4 + 4)))),
    labels: Int32Array.from(answered, (i) => valueAt(taught.labels, i)),
    scores: new Float32Array(answered.length).fill(1),
    masks: answered.map((i) => packPatch(cutAt(valueAt(taught.masks, i), image), image)),
  };
}

/** More objects of an image than there are. */
const MOST = 1e6;

/** The truths for which `isKept` holds. */
function pick(truth: InstanceTruth, isKept: (index: number) => boolean): InstanceTruth {
  return {
    kind: 'instances',
    boxes: truth.boxes.filter((_, i) => isKept(i >> 2)),
    labels: truth.labels.filter((_, m) => isKept(m)),
    ignored: truth.ignored.filter((_, m) => isKept(m)),
    areas: truth.areas.filter((_, m) => isKept(m)),
    masks: truth.masks.filter((_, m) => isKept(m)),
  };
}
