import { COCO, COCOeval, type InstanceAnnotation, vocEvaluate } from '#coco-ts';
import { ShapeError } from '../../engine/errors.js';
import type { Detections, DetectionTruth, LabelMap } from '../sample.js';
import type { Evaluator } from './evaluator.js';
import { createIdSet } from './ids.js';

/** pycocotools' 12 numbers, in its order; sizes by stated area: small < 32 ** 2 <= medium < 96 ** 2 <= large. */
export const COCO_METRICS = [
  'AP',
  'AP50',
  'AP75',
  'APs',
  'APm',
  'APl',
  'AR1',
  'AR10',
  'AR100',
  'ARs',
  'ARm',
  'ARl',
] as const;

export interface ClassPrecision {
  readonly name: string;
  /** Mean over IoU 0.50:0.95; null without truths. */
  readonly AP: number | null;
  /** At IoU 0.5; null without truths. */
  readonly AP50: number | null;
}

/** Fractions; null where there is no truth to find, for which pycocotools has -1. */
export type DetectionReport = { readonly [K in (typeof COCO_METRICS)[number]]: number | null } & {
  readonly perClass: readonly ClassPrecision[];
  /** Mean over classes at IoU 0.5: 11 recall points, and the area under the curve; ignored truths count neither way. */
  readonly VOC07: number | null;
  readonly VOC10: number | null;
};

export interface EvaluatorOptions {
  readonly labels: LabelMap;
}

export interface DetectionEvaluatorOptions extends EvaluatorOptions {
  /**
   * Most detections of a class and image that count, best first. Defaults to all that are handed in, as they were
   * limited when they were decoded; AR1, AR10 and AR100 have their own limits.
   */
  readonly maxDetections?: number;
}

/** `Detections`, or the same read from a file in float64: the last bits decide at IoU thresholds. */
export interface ScoredBoxes extends Omit<Detections, 'boxes' | 'scores'> {
  readonly boxes: Float32Array | Float64Array;
  readonly scores: Float32Array | Float64Array;
}

/** One image's truths with the answer to it. */
export interface Answered {
  readonly truth: DetectionTruth;
  readonly result: ScoredBoxes;
}

/**
 * COCO and PASCAL VOC average precision, without a score threshold. Up to 100 detections of a class and image the
 * numbers are pycocotools'; more of them count only here (`maxDetections`), and never change PASCAL VOC's. Ignored truths
 * are COCO's crowds: they may be found any number of times and need not be found.
 *
 * @source Lin et al. 2014, arXiv:1405.0312, through coco-ts; Everingham et al. 2010, doi:10.1007/s11263-009-0275-4
 */
export function createDetectionEvaluator({
  labels,
  maxDetections = Number.POSITIVE_INFINITY,
}: DetectionEvaluatorOptions): Evaluator<DetectionTruth, ScoredBoxes, DetectionReport> {
  const answered: Answered[] = [];
  const claim = createIdSet();
  return {
    add: (id, truth, result) => {
      checkLabels(id, 'truth', truth.labels, labels);
      checkLabels(id, 'detection', result.labels, labels);
      claim(id);
      answered.push({ truth, result });
    },
    report: () => reportOf(labels, answered, maxDetections),
  };
}

/** Limits of AR1, AR10 and AR100. */
const RECALL_LIMITS = [1, 10, 100] as const;

/** Truths and answers as COCO data sets, matched and accumulated at COCO's thresholds. */
export function compareBoxes(labels: LabelMap, answered: readonly Answered[], maxDetections: number) {
  const truths = new COCO(datasetOf(labels, answered, truthAnnotations));
  const found = new COCO(datasetOf(labels, answered, resultAnnotations));
  const evaluation = new COCOeval(truths, found, 'bbox');
  const most = answered.reduce((count, { result }) => Math.max(count, result.labels.length), 0);
  const limit = Math.min(maxDetections, most);
  evaluation.params.maxDets = limit > 100 ? [...RECALL_LIMITS, limit] : [...RECALL_LIMITS];
  evaluation.evaluate();
  evaluation.accumulate();
  evaluation.summarize({ ownLimits: true });
  return { truths, found, evaluation };
}

function reportOf(labels: LabelMap, answered: readonly Answered[], maxDetections: number): DetectionReport {
  const { truths, found, evaluation } = compareBoxes(labels, answered, maxDetections);
  const { stats, statNames } = evaluation;
  const numbers = COCO_METRICS.map((name) => [name, present(stats[statNames.indexOf(name)])] as const);
  return {
    ...(Object.fromEntries(numbers) as { [K in (typeof COCO_METRICS)[number]]: number | null }),
    perClass: labels.classes.map(({ name }, index) => ({ name, ...classPrecision(evaluation, index) })),
    VOC07: vocMean(truths, found, 'voc07'),
    VOC10: vocMean(truths, found, 'voc10'),
  };
}

/** pycocotools' -1 stands for no number. */
const present = (value = -1): number | null => (value === -1 ? null : value);

function vocMean(truths: COCO, found: COCO, rule: 'voc07' | 'voc10'): number | null {
  const { mean } = vocEvaluate(truths, found, { rule, iouThreshold: 0.5 });
  return Number.isNaN(mean) ? null : mean;
}

/** Means of the precision of one class over recalls, all sizes, most detections: over all IoUs, and at the first, 0.5. */
function classPrecision({ eval: result }: COCOeval, index: number): Omit<ClassPrecision, 'name'> {
  if (result === null) throw new Error('accumulate() has not run');
  const [T, R, K, A, M] = result.counts;
  let all = 0;
  let first = 0;
  for (let t = 0; t < T; t++) {
    for (let r = 0; r < R; r++) {
      const precision = result.precision[(((t * R + r) * K + index) * A + 0) * M + (M - 1)] as number;
      if (precision < 0) return { AP: null, AP50: null };
      all += precision;
      if (t === 0) first += precision;
    }
  }
  return { AP: all / (T * R), AP50: first / R };
}

type AnnotationsOf = (answered: Answered, imageId: number, firstId: number) => InstanceAnnotation[];

/** Image ids count from 1 in the order of adding; category ids are class index + 1. */
function datasetOf(labels: LabelMap, answered: readonly Answered[], annotationsOf: AnnotationsOf) {
  const annotations: InstanceAnnotation[] = [];
  for (const [index, each] of answered.entries()) {
    for (const annotation of annotationsOf(each, index + 1, annotations.length + 1)) annotations.push(annotation);
  }
  return {
    images: answered.map((_, index) => ({ id: index + 1 })),
    categories: labels.classes.map(({ name }, index) => ({ id: index + 1, name })),
    annotations,
  };
}

const truthAnnotations: AnnotationsOf = ({ truth }, imageId, firstId) =>
  Array.from(truth.labels, (label, i) => ({
    id: firstId + i,
    image_id: imageId,
    category_id: label + 1,
    bbox: boxAt(truth.boxes, i),
    area: truth.areas[i] as number,
    iscrowd: truth.ignored[i] as number,
  }));

const resultAnnotations: AnnotationsOf = ({ result }, imageId, firstId) =>
  Array.from(result.labels, (label, i) => {
    const bbox = boxAt(result.boxes, i);
    return {
      id: firstId + i,
      image_id: imageId,
      category_id: label + 1,
      bbox,
      area: bbox[2] * bbox[3],
      iscrowd: 0,
      score: result.scores[i] as number,
    };
  });

/** x1 y1 x2 y2 -> x y width height, in float64. */
function boxAt(boxes: Float32Array | Float64Array, index: number): [number, number, number, number] {
  const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = boxes.subarray(index * 4, index * 4 + 4);
  return [x1, y1, x2 - x1, y2 - y1];
}

function checkLabels(id: string, what: string, found: Int32Array, { classes }: LabelMap): void {
  const outside = found.find((label) => label < 0 || label >= classes.length);
  if (outside === undefined) return;
  throw new ShapeError(
    `${id}: ${what} of class ${outside}, the data set has ${classes.length} classes (0..${classes.length - 1}): evaluate with the label map the model was trained with`,
  );
}
