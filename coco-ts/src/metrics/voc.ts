import type { Id, InstanceAnnotation } from '../annotation.js';
import { need } from '../checked.js';
import type { COCO } from '../coco.js';
import { CocoError } from '../errors.js';
import { orderByScore } from '../evaluation/numeric.js';

/** A detection of one class. */
export interface VocDetection {
  readonly image: Id;
  /** x, y, width, height in pixels. */
  readonly bbox: readonly number[];
  readonly score: number;
}

/** A truth of one class; difficult ones are neither a hit nor a miss. */
export interface VocTruth {
  readonly image: Id;
  readonly bbox: readonly number[];
  readonly difficult?: boolean;
}

/** Which rule and which overlap VOC average precision uses. */
export interface VocOptions {
  /** Least overlap of a hit, inclusive. Default 0.5. */
  readonly iouThreshold?: number;
  /** `voc07`: mean of the best precision at 11 recalls. `voc10` (default): the area under the monotone curve, all points. */
  readonly rule?: 'voc07' | 'voc10';
  /** Boxes name their last pixel, as PASCAL VOC files do, so sides are one pixel longer in the overlap. Default false. */
  readonly inclusivePixels?: boolean;
  /**
   * The 11 recalls of voc07: exact tenths (default), or numpy's linspace, whose 0.6000000000000001 and 0.7000000000000001 are missed
   * by recalls of exactly 0.6 and 0.7; published numbers of Python tools used those.
   */
  readonly recalls?: 'tenths' | 'linspace';
}

/** VOC average precision of one category and the curve it comes from. */
export interface VocResult {
  /** Average precision, 0 to 1; NaN when there is no truth that counts. */
  readonly averagePrecision: number;
  /** After each detection that counts, best score first. */
  readonly precision: Float64Array;
  readonly recall: Float64Array;
  readonly truths: number;
  readonly truePositives: number;
  readonly falsePositives: number;
}

/**
 * Average precision of one class by the PASCAL VOC rule: each detection, best score first, looks at the truth of its image that it
 * overlaps most; below the threshold or when that truth is taken it is false, a difficult truth drops the detection.
 *
 * @source Everingham et al. 2010, doi:10.1007/s11263-009-0275-4, section 4.2; VOCdevkit VOCevaldet
 * @throws CocoError when a box has not 4 numbers
 */
export function vocAveragePrecision(
  detections: readonly VocDetection[],
  truths: readonly VocTruth[],
  options: VocOptions = {},
): VocResult {
  return vocCurve([vocMatches(detections, truths, options)], options);
}

/** Detections that count, in the order in which they were given, and how many truths do. */
export interface VocMatches {
  readonly scores: readonly number[];
  readonly hits: readonly boolean[];
  readonly truths: number;
}

/** The matching of `vocAveragePrecision`. No image needs another one, so that it may be done image by image. */
export function vocMatches(
  detections: readonly VocDetection[],
  truths: readonly VocTruth[],
  { iouThreshold = 0.5, inclusivePixels = false }: VocOptions = {},
): VocMatches {
  const margin = inclusivePixels ? 1 : 0;
  const byImage = new Map<Id, { truth: VocTruth; taken: boolean }[]>();
  for (const truth of truths) {
    checkBox(truth.bbox);
    const list = byImage.get(truth.image);
    if (list) list.push({ truth, taken: false });
    else byImage.set(truth.image, [{ truth, taken: false }]);
  }
  const outcomes = new Map<number, boolean>();
  for (const index of orderByScore(detections.map((detection) => detection.score))) {
    const { image, bbox } = detections[index]!;
    checkBox(bbox);
    const best = bestOverlap(bbox, byImage.get(image) ?? [], margin);
    const match = best.iou >= iouThreshold ? best.entry : undefined;
    if (match?.truth.difficult) continue;
    outcomes.set(index, match !== undefined && !match.taken);
    if (match) match.taken = true;
  }
  const kept = [...detections.keys()].filter((index) => outcomes.has(index));
  return {
    scores: kept.map((index) => detections[index]!.score),
    hits: kept.map((index) => need(outcomes, index)),
    truths: truths.reduce((n, truth) => n + (truth.difficult ? 0 : 1), 0),
  };
}

/** The curve of one class from its matches, and what is read off it by the rule. */
export function vocCurve(
  matches: readonly VocMatches[],
  { rule = 'voc10', recalls = 'tenths' }: Pick<VocOptions, 'rule' | 'recalls'> = {},
): VocResult {
  const scores = matches.flatMap((each) => each.scores);
  const isHit = matches.flatMap((each) => each.hits);
  const truths = matches.reduce((sum, each) => sum + each.truths, 0);
  const [precision, recall] = [new Float64Array(scores.length), new Float64Array(scores.length)];
  let hits = 0;
  for (const [n, index] of orderByScore(scores).entries()) {
    if (isHit[index]) hits++;
    precision[n] = hits / (n + 1);
    recall[n] = hits / truths;
  }
  const curve = { precision, recall };
  const averagePrecision =
    truths === 0 ? Number.NaN : rule === 'voc07' ? elevenPoints(curve, recalls) : areaUnderCurve(curve);
  return { averagePrecision, ...curve, truths, truePositives: hits, falsePositives: scores.length - hits };
}

interface Curve {
  readonly precision: Float64Array;
  readonly recall: Float64Array;
}

function bestOverlap(box: readonly number[], entries: readonly { truth: VocTruth; taken: boolean }[], margin: number) {
  let iou = Number.NEGATIVE_INFINITY;
  let entry: { truth: VocTruth; taken: boolean } | undefined;
  for (const candidate of entries) {
    const value = overlap(box, candidate.truth.bbox, margin);
    if (value > iou) {
      iou = value;
      entry = candidate;
    }
  }
  return { iou, entry };
}

function overlap(a: readonly number[], b: readonly number[], margin: number): number {
  const [ax, ay, aw, ah] = a as [number, number, number, number];
  const [bx, by, bw, bh] = b as [number, number, number, number];
  const w = Math.min(ax + aw, bx + bw) - Math.max(ax, bx) + margin;
  const h = Math.min(ay + ah, by + bh) - Math.max(ay, by) + margin;
  if (!(w > 0 && h > 0)) return 0;
  return (w * h) / ((aw + margin) * (ah + margin) + (bw + margin) * (bh + margin) - w * h);
}

function checkBox(box: readonly number[]): void {
  if (box.length !== 4) throw new CocoError(`a box has ${box.length} numbers: x, y, width, height are 4`, 'ValueError');
}

function elevenPoints({ precision, recall }: Curve, recalls: 'tenths' | 'linspace'): number {
  let sum = 0;
  for (let i = 0; i <= 10; i++) {
    const threshold = recalls === 'tenths' ? i / 10 : i === 10 ? 1 : i * 0.1;
    let best = 0;
    for (let k = 0; k < recall.length; k++) if (recall[k]! >= threshold && precision[k]! > best) best = precision[k]!;
    sum += best / 11;
  }
  return sum;
}

/** Area under precision over recall, precision made monotone from the right. */
export function areaUnderCurve({ precision, recall }: Curve): number {
  let area = 0;
  let best = 0;
  for (let k = recall.length - 1; k >= 0; k--) {
    best = Math.max(best, precision[k]!);
    area += (recall[k]! - (k > 0 ? recall[k - 1]! : 0)) * best;
  }
  return area;
}

/** VOC average precision of every category of a data set and their mean. */
export interface VocTable {
  readonly mean: number;
  readonly perClass: ReadonlyMap<Id, VocResult>;
}

/**
 * The VOC rule over COCO objects. A truth is difficult when its record says `difficult` or, failing that, `iscrowd`. Classes without a
 * truth that counts are left out of the mean.
 */
export function vocEvaluate(gt: COCO, dt: COCO, options: VocOptions = {}): VocTable {
  const perClass = new Map<Id, VocResult>();
  const detections = byCategory(dt);
  const truths = byCategory(gt);
  for (const category of gt.getCatIds()) {
    const found = (detections.get(category) ?? []).map((ann) => ({
      image: ann.image_id,
      bbox: ann.bbox ?? [],
      score: ann.score ?? Number.NaN,
    }));
    const real = (truths.get(category) ?? []).map((ann) => ({
      image: ann.image_id,
      bbox: ann.bbox ?? [],
      difficult: Boolean(ann.difficult ?? ann.iscrowd),
    }));
    perClass.set(category, vocAveragePrecision(found, real, options));
  }
  const values = [...perClass.values()]
    .map((result) => result.averagePrecision)
    .filter((value) => !Number.isNaN(value));
  return { mean: values.reduce((sum, value) => sum + value, 0) / values.length, perClass };
}

function byCategory(coco: COCO): Map<Id, InstanceAnnotation[]> {
  const out = new Map<Id, InstanceAnnotation[]>();
  for (const ann of coco.dataset.annotations ?? []) {
    const list = out.get(ann.category_id);
    if (list) list.push(ann);
    else out.set(ann.category_id, [ann]);
  }
  return out;
}
