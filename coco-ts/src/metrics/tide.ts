import type { Id, InstanceAnnotation } from '../annotation.js';
import type { COCO } from '../coco.js';
import { orderByScore } from '../evaluation/numeric.js';
import { boxIou } from '../mask/boxes.js';

/** Why detections are wrong and truths are missed; every false detection is one kind, every other miss is `missed`. */
export interface ErrorSplit {
  readonly correct: number;
  /** Overlaps a truth of another class well. */
  readonly classification: number;
  /** Right class, overlap between the background and foreground thresholds. */
  readonly localization: number;
  /** Wrong class and poor overlap. */
  readonly both: number;
  /** Overlaps a truth of its class that a better detection took. */
  readonly duplicate: number;
  /** Overlaps nothing. */
  readonly background: number;
  /** Truths that no detection, right or mistaken in class or place, reached. */
  readonly missed: number;
}

export interface TideOptions {
  /** IoU of a hit. Default 0.5. */
  readonly foreground?: number;
  /** IoU below which a detection sees background. Default 0.1. */
  readonly background?: number;
  readonly scoreThreshold?: number;
  /** Most detections per image. Default 100. */
  readonly maxDetections?: number;
}

type Kind = Exclude<keyof ErrorSplit, 'missed'>;

/**
 * Counts of TIDE's six error kinds on boxes. Crowds are left out with the detections that lie in them.
 * @source Bolya, Foley, Hays, Hoffman 2020, arXiv:2008.08115, section 2.2 (counts; the AP each kind costs is not computed)
 */
export function tideErrors(gt: COCO, dt: COCO, options: TideOptions = {}): ErrorSplit {
  const {
    foreground = 0.5,
    background = 0.1,
    scoreThreshold = Number.NEGATIVE_INFINITY,
    maxDetections = 100,
  } = options;
  const totals = { correct: 0, classification: 0, localization: 0, both: 0, duplicate: 0, background: 0, missed: 0 };
  for (const image of gt.getImgIds()) {
    const anns = gt.imgToAnns.get(image) ?? [];
    const truths = anns.filter((ann) => !ann.iscrowd);
    const crowds = anns.filter((ann) => ann.iscrowd);
    const found = (dt.imgToAnns.get(image) ?? []).filter((ann) => (ann.score ?? 0) >= scoreThreshold);
    const ranked = Array.from(orderByScore(found.map((ann) => ann.score ?? 0)), (i) => found[i]!).slice(
      0,
      maxDetections,
    );
    const taken = new Set<number>();
    const touched = new Set<number>();
    const wrong: InstanceAnnotation[] = [];
    for (const detection of ranked) {
      const hit = best(
        detection,
        truths,
        (t) => t.category_id === detection.category_id && !taken.has(truths.indexOf(t)),
      );
      if (hit.iou >= foreground) {
        taken.add(hit.index);
        totals.correct++;
      } else if (!crowds.some((crowd) => overlap(detection, crowd, true) >= foreground)) wrong.push(detection);
    }
    for (const detection of wrong) {
      const { kind, truth } = classify(detection, truths, foreground, background);
      totals[kind]++;
      if ((kind === 'classification' || kind === 'localization') && truth >= 0) touched.add(truth);
    }
    totals.missed += truths.filter((_, index) => !taken.has(index) && !touched.has(index)).length;
  }
  return totals;
}

const overlap = (a: InstanceAnnotation, b: InstanceAnnotation, crowd = false): number =>
  boxIou(a.bbox ?? [], 0, b.bbox ?? [], 0, crowd);

function best(
  detection: InstanceAnnotation,
  truths: readonly InstanceAnnotation[],
  among: (truth: InstanceAnnotation) => boolean,
) {
  let iou = Number.NEGATIVE_INFINITY;
  let index = -1;
  for (const [i, truth] of truths.entries()) {
    if (!among(truth)) continue;
    const value = overlap(detection, truth);
    if (value > iou) {
      iou = value;
      index = i;
    }
  }
  return { iou, index };
}

function classify(
  detection: InstanceAnnotation,
  truths: readonly InstanceAnnotation[],
  foreground: number,
  background: number,
): { kind: Kind; truth: number } {
  const category: Id = detection.category_id;
  const own = best(detection, truths, (truth) => truth.category_id === category);
  if (own.iou >= foreground) return { kind: 'duplicate', truth: own.index };
  const other = best(detection, truths, (truth) => truth.category_id !== category);
  if (own.iou >= background) return { kind: 'localization', truth: own.index };
  if (other.iou >= foreground) return { kind: 'classification', truth: other.index };
  return { kind: Math.max(own.iou, other.iou) < background ? 'background' : 'both', truth: other.index };
}
