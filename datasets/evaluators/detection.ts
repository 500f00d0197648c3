import {
  COCO,
  COCOeval,
  curveColumn,
  type ScoredBoxes as FoundBoxes,
  type TruthBoxes,
  type VocDetection,
  type VocMatches,
  type VocTruth,
  vocCurve,
  vocMatches,
} from '#coco-ts';
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
  // Category ids are class index + 1.
  const categories = labels.classes.map(({ name }, index) => ({ id: index + 1, name }));
  const nothing = new COCO({ images: [], categories, annotations: [] });
  const evaluation = new COCOeval(nothing, nothing, 'bbox');
  evaluation.params.maxDets = [...RECALL_LIMITS, ...(maxDetections > 100 ? [Math.min(maxDetections, ALL)] : [])];
  const voc = labels.classes.map((): Kept => ({ scores: [], hits: [], truths: 0 }));
  const claim = createIdSet();
  let images = 0;
  return {
    add: (id, truth, result) => {
      checkLabels(id, 'truth', truth.labels, labels);
      checkLabels(id, 'detection', result.labels, labels);
      claim(id);
      images++;
      const [truths, found] = [truthColumns(truth), foundColumns(result)];
      evaluation.addBoxes(images, truths, found);
      const [truthRows, foundRows] = [rowsByLabel(truth.labels), rowsByLabel(result.labels)];
      for (const label of new Set([...truthRows.keys(), ...foundRows.keys()])) {
        const real = truthsAt(truths, truthRows.get(label));
        keep(voc[label] as Kept, vocMatches(detectionsAt(found, foundRows.get(label)), real));
      }
    },
    report: () => {
      if (images === 0) evaluation.evaluate();
      return reportOf(labels, evaluation, voc);
    },
  };
}

/** Limits of AR1, AR10 and AR100. */
const RECALL_LIMITS = [1, 10, 100] as const;

/** More detections of a class and image than there are. */
const ALL = 1e6;

function reportOf(labels: LabelMap, evaluation: COCOeval, voc: readonly VocMatches[]): DetectionReport {
  evaluation.accumulate();
  evaluation.summarize({ ownLimits: true });
  const { stats, statNames } = evaluation;
  const numbers = COCO_METRICS.map((name) => [name, present(stats[statNames.indexOf(name)])] as const);
  return {
    ...(Object.fromEntries(numbers) as { [K in (typeof COCO_METRICS)[number]]: number | null }),
    perClass: labels.classes.map(({ name }, index) => ({ name, ...classPrecision(evaluation, index) })),
    VOC07: vocMean(voc, 'voc07'),
    VOC10: vocMean(voc, 'voc10'),
  };
}

/** pycocotools' -1 stands for no number. */
export const present = (value = -1): number | null => (value === -1 ? null : value);

/** Mean over the classes that have truths. */
function vocMean(voc: readonly VocMatches[], rule: 'voc07' | 'voc10'): number | null {
  const values = voc.map((matches) => vocCurve([matches], { rule }).averagePrecision).filter((AP) => !Number.isNaN(AP));
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * Means of the precision of one class over recalls, most detections: over all IoUs, and at the first, 0.5.
 *
 * @param area which of the ranges of areas. Defaults to the first: all
 */
export function classPrecision({ eval: result }: COCOeval, index: number, area = 0): Omit<ClassPrecision, 'name'> {
  if (result === null) throw new Error('accumulate() has not run');
  const [T, R, K, , M] = result.counts;
  const { values, width, at } = curveColumn(result, 'precision', area, M - 1);
  let all = 0;
  let first = 0;
  for (let t = 0; t < T; t++) {
    for (let r = 0; r < R; r++) {
      const precision = values[((t * R + r) * K + index) * width + at] as number;
      if (precision < 0) return { AP: null, AP50: null };
      all += precision;
      if (t === 0) first += precision;
    }
  }
  return { AP: all / (T * R), AP50: first / R };
}

const categoriesOf = (labels: Int32Array): Int32Array => labels.map((label) => label + 1);

const truthColumns = ({ boxes, labels, areas, ignored }: DetectionTruth): TruthBoxes => ({
  boxes: sided(boxes),
  categories: categoriesOf(labels),
  areas,
  crowds: ignored,
});

const foundColumns = ({ boxes, labels, scores }: ScoredBoxes): FoundBoxes => ({
  boxes: sided(boxes),
  categories: categoriesOf(labels),
  scores,
});

/** x1 y1 x2 y2 -> x y width height, in float64. */
function sided(corners: Float32Array | Float64Array): Float64Array {
  const out = Float64Array.from(corners);
  for (let i = 0; i < out.length; i++) if (i % 4 > 1) out[i] = (out[i] as number) - (out[i - 2] as number);
  return out;
}

/** What is kept of one class for PASCAL VOC's figures. */
interface Kept extends VocMatches {
  readonly scores: number[];
  readonly hits: boolean[];
  truths: number;
}

function keep(kept: Kept, { scores, hits, truths }: VocMatches): void {
  kept.scores.push(...scores);
  kept.hits.push(...hits);
  kept.truths += truths;
}

function rowsByLabel(labels: Int32Array): Map<number, number[]> {
  const out = new Map<number, number[]>();
  for (const [row, label] of labels.entries()) {
    const rows = out.get(label);
    if (rows === undefined) out.set(label, [row]);
    else rows.push(row);
  }
  return out;
}

const boxAt = (boxes: ArrayLike<number>, row: number): number[] =>
  [0, 1, 2, 3].map((i) => boxes[4 * row + i] as number);

const detectionsAt = ({ boxes, scores }: FoundBoxes, rows: readonly number[] = []): VocDetection[] =>
  rows.map((row) => ({ image: 0, bbox: boxAt(boxes, row), score: scores[row] as number }));

const truthsAt = ({ boxes, crowds }: TruthBoxes, rows: readonly number[] = []): VocTruth[] =>
  rows.map((row) => ({ image: 0, bbox: boxAt(boxes, row), difficult: crowds[row] === 1 }));

function checkLabels(id: string, what: string, found: Int32Array, { classes }: LabelMap): void {
  const outside = found.find((label) => label < 0 || label >= classes.length);
  if (outside === undefined) return;
  throw new ShapeError(
    `${id}: ${what} of class ${outside}, the data set has ${classes.length} classes (0..${classes.length - 1}): evaluate with the label map the model was trained with`,
  );
}
