import { COCO, COCOeval, type InstanceAnnotation } from '#coco-ts';
import type { LabelMap, ObjectsTruth } from '../sample.js';
import { classPrecision, type ScoredBoxes } from './detection.js';

/** One image's truths with the answer to it. */
export interface Answered {
  readonly truth: ObjectsTruth;
  readonly result: ScoredBoxes;
}

/** Limits of AR1, AR10 and AR100. */
const RECALL_LIMITS = [1, 10, 100] as const;

/** Truths and answers as COCO data sets, matched and accumulated at COCO's thresholds. */
export function compareBoxes(labels: LabelMap, answered: readonly Answered[], maxDetections: number) {
  return compareSets(answered, maxDetections, {
    truths: datasetOf(labels, answered, truthAnnotations),
    found: datasetOf(labels, answered, resultAnnotations),
  });
}

/** Which group each truth and each answer of an image is in, from 0. */
export interface Groups {
  readonly groups: readonly { readonly truths: readonly number[]; readonly answers: readonly number[] }[];
  readonly count: number;
}

/**
 * AP over IoU 0.50:0.95 of every group as COCO has it of sizes: with the group in the place of the area.
 *
 * @returns [count] null: no truth that counts
 */
export function precisionOfGroups(
  labels: LabelMap,
  answered: readonly Answered[],
  maxDetections: number,
  { groups, count }: Groups,
): readonly (number | null)[] {
  const grouped = (annotationsOf: AnnotationsOf, of: 'truths' | 'answers'): AnnotationsOf => {
    return (each, imageId, firstId) =>
      annotationsOf(each, imageId, firstId).map((annotation, i) => ({
        ...annotation,
        area: groups[imageId - 1]?.[of][i] ?? count,
      }));
  };
  const sets = {
    truths: datasetOf(labels, answered, grouped(truthAnnotations, 'truths')),
    found: datasetOf(labels, answered, grouped(resultAnnotations, 'answers')),
  };
  const ranges = Array.from({ length: count }, (_, group) => [group - 0.5, group + 0.5]);
  const { evaluation } = compareSets(answered, maxDetections, sets, ranges);
  return ranges.map((_, area) => precisionOfArea(evaluation, labels, area));
}

/** AP over IoU 0.50:0.95 in one of the ranges of areas; null: no truth that counts. */
export function precisionOfArea(evaluation: COCOeval, { classes }: LabelMap, area: number): number | null {
  const values = classes.flatMap((_, index) => classPrecision(evaluation, index, area).AP ?? []);
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

interface Sets {
  readonly truths: ReturnType<typeof datasetOf>;
  readonly found: ReturnType<typeof datasetOf>;
}

/** @param ranges of areas that are told apart. Defaults to COCO's */
function compareSets(
  answered: readonly Answered[],
  maxDetections: number,
  sets: Sets,
  ranges?: readonly (readonly number[])[],
) {
  const [truths, found] = [new COCO(sets.truths), new COCO(sets.found)];
  const evaluation = new COCOeval(truths, found, 'bbox');
  if (ranges) {
    evaluation.params.areaRng = [...ranges];
    evaluation.params.areaRngLbl = ranges.map((_, i) => String(i));
  }
  const most = answered.reduce((count, { result }) => Math.max(count, result.labels.length), 0);
  const limit = Math.min(maxDetections, most);
  evaluation.params.maxDets = limit > 100 ? [...RECALL_LIMITS, limit] : [...RECALL_LIMITS];
  evaluation.evaluate();
  evaluation.accumulate();
  return { truths, found, evaluation };
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
