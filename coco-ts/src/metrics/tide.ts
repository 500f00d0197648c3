import type { Id, InstanceAnnotation } from '../annotation.js';
import type { COCO } from '../coco.js';
import { orderByScore } from '../evaluation/numeric.js';
import { boxIou } from '../mask/boxes.js';

/** Why detections are wrong and truths are missed; every false detection is one kind, every other miss is `missed`. */
export interface ErrorSplit {
  readonly correct: number;
  /** Overlaps a truth of another class well; its own class at most as a duplicate. */
  readonly classification: number;
  /** Right class, overlap from the background to the foreground threshold. */
  readonly localization: number;
  /** Wrong class and poor overlap. */
  readonly both: number;
  /** Overlaps a truth of its class that a better detection took. */
  readonly duplicate: number;
  /** Overlaps nothing. */
  readonly background: number;
  /** Truths that no detection, right or mistaken in class or place alone, reached. */
  readonly missed: number;
}

/** TIDE's thresholds. */
export interface TideOptions {
  /** IoU of a hit. Default 0.5. */
  readonly foreground?: number;
  /** IoU below which a detection sees background. Default 0.1. */
  readonly background?: number;
  readonly scoreThreshold?: number;
  /** Most detections per image. Default 100. */
  readonly maxDetections?: number;
}

export type ErrorKind = Exclude<keyof ErrorSplit, 'missed'>;

/** A truth that is no crowd. */
export interface AnalysedTruth {
  readonly category: Id;
  readonly annotation: InstanceAnnotation;
  taken: boolean;
  /** The best detection that is wrong only in class or in place, of those of a truth that is not taken. */
  nearest: AnalysedDetection | null;
}

/** A detection, right or wrong in one way. */
export interface AnalysedDetection {
  readonly category: Id;
  readonly score: number;
  readonly kind: ErrorKind;
  /** Whether it lies in a crowd of its class, so that it does not lower AP as it is. */
  readonly ignored: boolean;
  /** The truth it has or would have with another class or place. */
  readonly truth: AnalysedTruth | null;
}

export interface Analysis {
  /** Image by image, in each by descending score. */
  readonly detections: AnalysedDetection[];
  readonly truths: AnalysedTruth[];
}

/** Whether no right, and no nearly right detection is there. */
export const isMissed = (truth: AnalysedTruth): boolean => !truth.taken && truth.nearest === null;

/**
 * Counts of TIDE's six error kinds on boxes. Crowds are no truths; a wrong detection that lies in one of its class is ignored by AP but,
 * as in tidecv, counted here, and a truth that it nearly has is not missed. What each kind costs in AP tells `tideCosts`.
 * @source Bolya, Foley, Hays, Hoffman 2020, arXiv:2008.08115, section 2.2; tidecv 1.0.1 for crowds and for equal IoUs
 */
export function tideErrors(gt: COCO, dt: COCO, options: TideOptions = {}): ErrorSplit {
  const { detections, truths } = analyse(gt, dt, options);
  const totals = { correct: 0, classification: 0, localization: 0, both: 0, duplicate: 0, background: 0, missed: 0 };
  for (const { kind } of detections) totals[kind]++;
  totals.missed = truths.filter(isMissed).length;
  return totals;
}

/** Every detection with its kind of error, every truth with what reached it. */
export function analyse(gt: COCO, dt: COCO, options: TideOptions): Analysis {
  const {
    foreground = 0.5,
    background = 0.1,
    scoreThreshold = Number.NEGATIVE_INFINITY,
    maxDetections = 100,
  } = options;
  const out: Analysis = { detections: [], truths: [] };
  for (const image of gt.getImgIds()) {
    const anns = gt.imgToAnns.get(image) ?? [];
    const crowds = anns.filter((ann) => ann.iscrowd);
    const truths = anns
      .filter((ann) => !ann.iscrowd)
      .map((ann): AnalysedTruth => ({ category: ann.category_id, annotation: ann, taken: false, nearest: null }));
    const found = (dt.imgToAnns.get(image) ?? []).filter((ann) => (ann.score ?? 0) >= scoreThreshold);
    const ranked = Array.from(orderByScore(found.map((ann) => ann.score ?? 0)), (i) => found[i]!);
    const kept = ranked.slice(0, maxDetections);
    const hits = kept.map((ann) => {
      const hit = best(ann, truths, (truth) => truth.category === ann.category_id && !truth.taken);
      if (hit.truth === null || hit.iou < foreground) return null;
      hit.truth.taken = true;
      return hit.truth;
    });
    for (const [i, ann] of kept.entries()) {
      const hit = hits[i]!;
      const ignored = hit === null && crowds.some((crowd) => isInside(ann, crowd, foreground));
      const { kind, truth } =
        hit === null ? classify(ann, truths, foreground, background) : { kind: 'correct' as const, truth: hit };
      const detection = { category: ann.category_id, score: ann.score ?? 0, kind, ignored, truth };
      const nearly = kind === 'classification' || kind === 'localization';
      if (nearly && truth !== null && !truth.taken) truth.nearest ??= detection;
      out.detections.push(detection);
    }
    out.truths.push(...truths);
  }
  return out;
}

const isInside = (ann: InstanceAnnotation, crowd: InstanceAnnotation, foreground: number): boolean =>
  ann.category_id === crowd.category_id && boxIou(ann.bbox ?? [], 0, crowd.bbox ?? [], 0, true) > foreground;

function best(
  detection: InstanceAnnotation,
  truths: readonly AnalysedTruth[],
  among: (truth: AnalysedTruth) => boolean,
): { iou: number; truth: AnalysedTruth | null } {
  let iou = Number.NEGATIVE_INFINITY;
  let found: AnalysedTruth | null = null;
  for (const truth of truths) {
    if (!among(truth)) continue;
    const value = boxIou(detection.bbox ?? [], 0, truth.annotation.bbox ?? [], 0, false);
    if (value > iou) {
      iou = value;
      found = truth;
    }
  }
  return { iou, truth: found };
}

function classify(
  detection: InstanceAnnotation,
  truths: readonly AnalysedTruth[],
  foreground: number,
  background: number,
): { kind: ErrorKind; truth: AnalysedTruth | null } {
  const own = best(detection, truths, (truth) => truth.category === detection.category_id);
  if (own.iou >= background && own.iou <= foreground) return { kind: 'localization', truth: own.truth };
  const other = best(detection, truths, (truth) => truth.category !== detection.category_id);
  if (other.iou >= foreground) return { kind: 'classification', truth: other.truth };
  if (own.iou >= foreground) return { kind: 'duplicate', truth: own.truth };
  return { kind: Math.max(own.iou, other.iou) <= background ? 'background' : 'both', truth: null };
}
