import { allocateTargets } from '../datasets/encoder.js';
import { createDetectionEvaluator, type DetectionReport } from '../datasets/evaluators/index.js';
import type { Placement } from '../datasets/placement.js';
import type { Detections, DetectionTruth, LabelMap } from '../datasets/sample.js';
import { paddedPlacement } from '../datasets/transforms/index.js';
import { valueAt } from '../engine/checked.js';
import { createAnchors } from '../heads/retina/anchors.js';
import { DEFAULT_DECODING, decodeRetina } from '../heads/retina/decode.js';
import { createEncoder, type RetinaEncoderConfig } from '../heads/retina/encoder.js';
import { createMatcher } from '../heads/retina/matcher.js';
import { type LabelledImages, NO, YES } from './roundTrip.js';

/** An object that no anchor belongs to: others in its place took those that fit it. The network is never taught it. */
export interface UnmatchedTruth {
  /** The image's id. */
  readonly image: string;
  /** Class name. */
  readonly label: string;
  /** x1 y1 x2 y2, pixels. */
  readonly box: readonly [x1: number, y1: number, x2: number, y2: number];
}

export interface DetectionRoundTrip {
  /** Report of perfect predictions, over the objects that have an anchor. */
  readonly report: DetectionReport;
  /** Objects evaluated; ignored ones are not counted. */
  readonly truths: number;
  readonly unmatched: readonly UnmatchedTruth[];
}

export interface DetectionRoundTripOptions {
  readonly labels: LabelMap;
  /** Anchors and matching of the head; each image sets the input size. */
  readonly encoder: Omit<RetinaEncoderConfig, 'inputSize' | 'grids'> & {
    /** Input pixels per cell of each level. */
    readonly strides: readonly number[];
  };
}

/** Further anchors of an object that was answered: they rank behind every object (sigmoid 0.99995) and cost no precision. */
const AGAIN = 10;

/**
 * The best a detection head could answer on a data set: each image at its own size, padded to the coarsest stride, is
 * encoded; a network that learned these targets perfectly is decoded without suppression, and evaluated. AP is 1 when
 * the labels, the anchors, the box coder and the evaluator agree. As by default, the evaluator looks at 100 answers of a
 * class and image, so more objects than that cannot all be found.
 */
export async function roundTripDetection(
  images: LabelledImages<DetectionTruth>,
  { labels, encoder }: DetectionRoundTripOptions,
): Promise<DetectionRoundTrip> {
  const multiple = Math.max(...encoder.strides);
  const evaluator = createDetectionEvaluator({ labels, maxDetections: 100 });
  const unmatched: UnmatchedTruth[] = [];
  let truths = 0;
  let last: { readonly size: string; readonly answer: Answer } | null = null;
  for await (const { id, image, truth } of images) {
    const { placement, size } = paddedPlacement(image, multiple);
    if (last?.size !== size.join()) {
      const grids = encoder.strides.map((stride) => [size[0] / stride, size[1] / stride] as const);
      last = { size: size.join(), answer: createAnswer({ ...encoder, inputSize: size, grids }, labels.classes.length) };
    }
    const { detections, matched } = last.answer(truth, placement);
    for (let m = 0; m < truth.labels.length; m++) {
      if (truth.ignored[m] === 1) continue;
      if (matched.has(m)) truths++;
      else unmatched.push({ image: id, label: nameOf(labels, valueAt(truth.labels, m)), box: boxAt(truth, m) });
    }
    evaluator.add(
      id,
      pick(truth, (m) => matched.has(m) || truth.ignored[m] === 1),
      detections,
    );
  }
  return { report: evaluator.report(), truths, unmatched };
}

/** What a perfect network answers on one image, and which truths have an anchor. */
type Answer = (
  truth: DetectionTruth,
  placement: Placement,
) => { readonly detections: Detections; readonly matched: ReadonlySet<number> };

function createAnswer(config: RetinaEncoderConfig, K: number): Answer {
  const encoder = createEncoder(config);
  const anchors = createAnchors(config);
  const matcher = createMatcher(anchors, config.matchThreshold);
  const targets = allocateTargets(encoder.targets);
  const owners = new Int32Array(anchors.length / 4);
  const logits = new Float32Array(owners.length * K);
  return (truth, placement) => {
    encoder.encode(truth, targets); // at its own scale and at the top left, so original pixels are input pixels
    const maxCandidates = Math.max(1, matcher.match(truth, owners));
    const matched = new Set<number>();
    logits.fill(NO);
    targets.classes.forEach((label, anchor) => {
      const owner = valueAt(owners, anchor);
      if (label < 0) return;
      logits[anchor * K + label] = matched.has(owner) ? AGAIN : YES;
      matched.add(owner);
    });
    const raw = { logits, offsets: targets.boxes };
    const options = { ...DEFAULT_DECODING, maxCandidates, maxDetections: maxCandidates, scoreThreshold: 0.5 };
    return { detections: decodeRetina(raw, anchors, placement, { ...options, iouThreshold: 1 }), matched };
  };
}

/** The truths for which `isKept` holds. */
function pick(truth: DetectionTruth, isKept: (index: number) => boolean): DetectionTruth {
  return {
    kind: 'boxes',
    boxes: truth.boxes.filter((_, i) => isKept(i >> 2)),
    labels: truth.labels.filter((_, m) => isKept(m)),
    ignored: truth.ignored.filter((_, m) => isKept(m)),
    areas: truth.areas.filter((_, m) => isKept(m)),
  };
}

function boxAt({ boxes }: DetectionTruth, index: number): UnmatchedTruth['box'] {
  const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = boxes.subarray(index * 4, index * 4 + 4);
  return [x1, y1, x2, y2];
}

const nameOf = ({ classes }: LabelMap, label: number): string => classes[label]?.name ?? `class ${label}`;
