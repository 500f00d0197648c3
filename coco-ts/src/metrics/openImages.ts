import type { Id, InstanceAnnotation } from '../annotation.js';
import { valueAt } from '../checked.js';
import type { COCO } from '../coco.js';
import { orderByScore } from '../evaluation/numeric.js';
import { boxIou } from '../mask/boxes.js';
import { areaUnderCurve } from './voc.js';

/** What counts as found for `openImagesEvaluate`. */
export interface OpenImagesOptions {
  /** Least IoU with an object, and least share of a detection inside a group. Default 0.5. */
  readonly iouThreshold?: number;
  /** What a found group counts as a hit, and a group as a truth: 1 as in the challenges since 2019 (default), 0 to ignore groups. */
  readonly groupWeight?: number;
  /**
   * Categories that people looked for in an image, `image id -> category ids`; other detections there are ignored. Default: every
   * category in every image.
   */
  readonly verified?: ReadonlyMap<Id, Iterable<Id>>;
}

/** Average precision of Open Images by category, and its mean. */
export interface OpenImagesTable {
  /** Mean over the categories that have a truth that counts. */
  readonly mean: number;
  /** Average precision by category; NaN without such a truth. */
  readonly perClass: ReadonlyMap<Id, number>;
}

/** A detection that counts: a hit, a group found (its weight) or 0, a miss. */
interface Outcome {
  readonly score: number;
  readonly hit: number;
  readonly miss: number;
}

/**
 * AP of Open Images: a truth may be a group of objects in one box (`isgroupof`, or failing that `iscrowd`). A detection, best first,
 * looks at the object it overlaps most; if that is too little it may lie inside a group, which is found once, by the best detection
 * in it, while further ones are ignored. Area under the monotone precision-recall curve. Detections of difficult objects are ignored.
 * Category hierarchies are the caller's: give every ancestor its own copy of truths and detections.
 *
 * @source Kuznetsova et al. 2020, arXiv:1811.00982, section 5.2; Open Images Challenge 2019, evaluation of object detection
 */
export function openImagesEvaluate(gt: COCO, dt: COCO, options: OpenImagesOptions = {}): OpenImagesTable {
  const { iouThreshold = 0.5, groupWeight = 1, verified } = options;
  const looked = verified && new Map([...verified].map(([image, ids]) => [image, new Set(ids)]));
  const perClass = new Map<Id, number>();
  for (const category of gt.getCatIds()) {
    const outcomes: Outcome[] = [];
    let counted = 0;
    for (const image of gt.getImgIds()) {
      const own = (ann: InstanceAnnotation): boolean => ann.category_id === category;
      const truths = (gt.imgToAnns.get(image) ?? []).filter(own);
      if (looked && truths.length === 0 && !looked.get(image)?.has(category)) continue;
      counted += truths.reduce((sum, ann) => sum + (isGroup(ann) ? groupWeight : ann.difficult ? 0 : 1), 0);
      outcomes.push(...match((dt.imgToAnns.get(image) ?? []).filter(own), truths, iouThreshold, groupWeight));
    }
    perClass.set(category, counted > 0 ? averagePrecision(outcomes, counted) : Number.NaN);
  }
  const values = [...perClass.values()].filter((value) => !Number.isNaN(value));
  return { mean: values.reduce((sum, value) => sum + value, 0) / values.length, perClass };
}

const isGroup = (ann: InstanceAnnotation): boolean => Boolean(ann.isgroupof ?? ann.iscrowd);

function match(
  detections: readonly InstanceAnnotation[],
  truths: readonly InstanceAnnotation[],
  threshold: number,
  groupWeight: number,
): Outcome[] {
  const objects = truths.filter((ann) => !isGroup(ann));
  const groups = truths.filter(isGroup);
  const taken = new Set<InstanceAnnotation>();
  const found = new Set<InstanceAnnotation>();
  const out: Outcome[] = [];
  for (const index of orderByScore(detections.map((ann) => ann.score ?? Number.NaN))) {
    const detection = valueAt(detections, index);
    const score = detection.score ?? Number.NaN;
    const object = closest(detection, objects, false);
    if (object && object.overlap >= threshold) {
      if (object.truth.difficult) continue;
      const hit = taken.has(object.truth) ? 0 : 1;
      taken.add(object.truth);
      out.push({ score, hit, miss: 1 - hit });
      continue;
    }
    const group = closest(detection, groups, true);
    if (!group || group.overlap < threshold) out.push({ score, hit: 0, miss: 1 });
    else if (!found.has(group.truth)) {
      found.add(group.truth);
      if (groupWeight > 0) out.push({ score, hit: groupWeight, miss: 0 });
    }
  }
  return out;
}

/** The truth of largest IoU, or of which the largest share of the detection is inside. */
function closest(detection: InstanceAnnotation, truths: readonly InstanceAnnotation[], inside: boolean) {
  let best: { truth: InstanceAnnotation; overlap: number } | undefined;
  for (const truth of truths) {
    const overlap = boxIou(detection.bbox ?? [], 0, truth.bbox ?? [], 0, inside);
    if (best === undefined || overlap > best.overlap) best = { truth, overlap };
  }
  return best;
}

function averagePrecision(outcomes: readonly Outcome[], counted: number): number {
  let [hits, misses] = [0, 0];
  const precision = new Float64Array(outcomes.length);
  const recall = new Float64Array(outcomes.length);
  for (const [i, index] of orderByScore(outcomes.map(({ score }) => score)).entries()) {
    hits += valueAt(outcomes, index).hit;
    misses += valueAt(outcomes, index).miss;
    precision[i] = hits / (hits + misses);
    recall[i] = hits / counted;
  }
  return areaUnderCurve({ precision, recall });
}
