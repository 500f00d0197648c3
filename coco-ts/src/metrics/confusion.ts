import type { Id, InstanceAnnotation } from '../annotation.js';
import { need, valueAt } from '../checked.js';
import type { COCO } from '../coco.js';
import { CocoError } from '../errors.js';
import { orderByScore } from '../evaluation/numeric.js';
import { boxIou } from '../mask/boxes.js';

/** Counts of truths by what they were detected as. */
export interface Confusion {
  /** Category of row and column i; the last row and column are the background. */
  readonly categories: readonly Id[];
  /** [n + 1, n + 1] row-major: row = truth, column = detection. The last row counts false detections, the last column missed truths. */
  readonly counts: Uint32Array;
}

/** Which detections count, and which overlap makes a pair. */
export interface ConfusionOptions {
  /** Least IoU of boxes. Default 0.5. */
  readonly iouThreshold?: number;
  /** Detections below this score are left out. Default 0.25. */
  readonly scoreThreshold?: number;
  /** Most detections per image. Default 100. */
  readonly maxDetections?: number;
}

/** Their square is 2^28 counts. */
const MOST_CATEGORIES = 2 ** 14;

/**
 * Confusion matrix of a detector: in each image every detection, best score first, takes the free truth of highest box IoU whatever its
 * category; what is left over is background. Crowds take no part: a detection that only lies in one (intersection over its own area) is dropped.
 *
 * @source the object detection form of the confusion matrix, as Bolya et al. 2020, arXiv:2008.08115, split its errors
 */
export function confusionMatrix(gt: COCO, dt: COCO, options: ConfusionOptions = {}): Confusion {
  const { iouThreshold = 0.5, scoreThreshold = 0.25, maxDetections = 100 } = options;
  const categories = gt.getCatIds();
  const n = categories.length;
  const position = new Map(categories.map((id, index) => [id, index]));
  if (n > MOST_CATEGORIES)
    throw new CocoError(`a confusion matrix of ${n} categories is too large: at most ${MOST_CATEGORIES}`, 'ValueError');
  const counts = new Uint32Array((n + 1) * (n + 1));
  const add = (row: number, column: number): void => {
    counts[row * (n + 1) + column] = valueAt(counts, row * (n + 1) + column) + 1;
  };
  for (const image of gt.getImgIds()) {
    const truths = (gt.imgToAnns.get(image) ?? []).filter((ann) => position.has(ann.category_id));
    const found = (dt.imgToAnns.get(image) ?? []).filter(
      (ann) => position.has(ann.category_id) && (ann.score ?? 0) >= scoreThreshold,
    );
    const matched = matchImage(truths, rank(found).slice(0, maxDetections), iouThreshold);
    for (const { truth, detection } of matched) {
      add(truth ? need(position, truth.category_id) : n, detection ? need(position, detection.category_id) : n);
    }
  }
  return { categories, counts };
}

const rank = (found: readonly InstanceAnnotation[]): InstanceAnnotation[] =>
  Array.from(orderByScore(found.map((ann) => ann.score ?? 0)), (i) => valueAt(found, i));

interface Pair {
  readonly truth?: InstanceAnnotation;
  readonly detection?: InstanceAnnotation;
}

function matchImage(
  truths: readonly InstanceAnnotation[],
  detections: readonly InstanceAnnotation[],
  iouThreshold: number,
): Pair[] {
  const free = new Set(truths.filter((truth) => !truth.iscrowd));
  const crowds = truths.filter((truth) => truth.iscrowd);
  const pairs: Pair[] = [];
  for (const detection of detections) {
    let best: InstanceAnnotation | undefined;
    let bestIou = iouThreshold;
    for (const truth of free) {
      const iou = boxIou(detection.bbox ?? [], 0, truth.bbox ?? [], 0, false);
      if (iou > bestIou || (iou === bestIou && best === undefined)) {
        best = truth;
        bestIou = iou;
      }
    }
    if (best) {
      free.delete(best);
      pairs.push({ truth: best, detection });
    } else if (!crowds.some((crowd) => boxIou(detection.bbox ?? [], 0, crowd.bbox ?? [], 0, true) >= iouThreshold)) {
      pairs.push({ detection });
    }
  }
  return [...pairs, ...[...free].map((truth) => ({ truth }))];
}
