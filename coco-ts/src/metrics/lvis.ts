import type { Category, Dataset, Id, ImageInfo, InstanceAnnotation } from '../annotation.js';
import { COCO } from '../coco.js';
import { CocoError } from '../errors.js';
import { type Accumulated, type CurveColumn, curveColumn } from '../evaluation/accumulate.js';
import { COCOeval } from '../evaluation/cocoeval.js';
import { meanOrMinusOne, orderByScore } from '../evaluation/numeric.js';
import type { IouType } from '../evaluation/params.js';
import { shown } from '../shown.js';

/** In how many training images a category occurs: 1 to 10, to 100, more. */
export type Frequency = 'r' | 'c' | 'f';

/** What `lvisEvaluate` compares. */
export interface LvisOptions {
  /** Default `segm`. */
  readonly iouType?: Exclude<IouType, 'keypoints'>;
  /** Most detections per image, over all categories. Default 300. */
  readonly maxDetections?: number;
  /** As in `Params`. Default true. */
  readonly strictIds?: boolean;
}

/** LVIS's numbers, -1 where nothing counts. AP over all IoU thresholds unless named; AR at `maxDetections`. */
export interface LvisResult {
  readonly AP: number;
  readonly AP50: number;
  readonly AP75: number;
  readonly APs: number;
  readonly APm: number;
  readonly APl: number;
  /** Rare, common and frequent categories. */
  readonly APr: number;
  readonly APc: number;
  readonly APf: number;
  readonly AR: number;
  readonly ARs: number;
  readonly ARm: number;
  readonly ARl: number;
  /** Precision and recall of every category; M is 1. */
  readonly eval: Accumulated;
  /** As of `COCOeval`. */
  readonly notes: readonly string[];
}

/** No size range holds this area, so an annotation that has it is ignored unless it matches. */
const OUTSIDE = -1;

/**
 * LVIS's federated AP: an image is annotated for some categories only, so that a detection counts only where its category is known to
 * be there (a truth) or not to be there (`neg_category_ids`); where not every object was marked (`not_exhaustive_category_ids`),
 * detections without a match are ignored. There are no crowds; a truth with `ignore` is neither hit nor miss.
 *
 * @param dt detections, from loadRes
 * @source Gupta, Dollár, Girshick 2019, arXiv:1908.03195, section 2; the counting of lvis-api 0.5.3
 * @throws CocoError when an image lacks its two lists or a category its frequency
 */
export function lvisEvaluate(gt: COCO, dt: COCO, options: LvisOptions = {}): LvisResult {
  const { iouType = 'segm', maxDetections = 300, strictIds = true } = options;
  const images = gt.dataset.images ?? [];
  const categories = gt.dataset.categories ?? [];
  const groups = frequencies(categories);
  const truths = (gt.dataset.annotations ?? []).map(asTruth);
  const annotations = federated(images, gt, dt, maxDetections);
  const sides = [truths, annotations].map((list): Dataset => ({ images, categories, annotations: list }));
  const evaluation = new COCOeval(new COCO(sides[0]), new COCO(sides[1]), iouType);
  Object.assign(evaluation.params, { maxDets: [maxDetections], strictIds });
  evaluation.evaluate();
  evaluation.accumulate();
  return { ...summary(evaluation.eval!, groups), notes: evaluation.notes };
}

function asTruth(ann: InstanceAnnotation): InstanceAnnotation {
  const out = { ...ann, iscrowd: 0 };
  if (ann.ignore) out.area = OUTSIDE;
  return out;
}

/** The best detections of each image, of categories that were looked for in it. */
function federated(images: readonly ImageInfo[], gt: COCO, dt: COCO, limit: number): InstanceAnnotation[] {
  return images.flatMap((image) => {
    const absent = list(image, 'neg_category_ids');
    const partial = list(image, 'not_exhaustive_category_ids');
    const present = new Set((gt.imgToAnns.get(image.id) ?? []).map((ann) => ann.category_id));
    const all = dt.imgToAnns.get(image.id) ?? [];
    const best = Array.from(orderByScore(all.map((ann) => ann.score ?? Number.NaN)), (i) => all[i]!).slice(0, limit);
    return best
      .filter((ann) => present.has(ann.category_id) || absent.has(ann.category_id))
      .map((ann) => (partial.has(ann.category_id) ? { ...ann, area: OUTSIDE } : ann));
  });
}

function list(image: ImageInfo, key: string): Set<unknown> {
  const value = image[key];
  if (!Array.isArray(value))
    throw new CocoError(`image ${shown(image.id)} has no ${key}, which LVIS needs`, 'KeyError');
  return new Set(value);
}

function frequencies(categories: readonly Category[]): Map<Id, Frequency> {
  return new Map(
    categories.map(({ id, frequency }) => {
      if (frequency !== 'r' && frequency !== 'c' && frequency !== 'f')
        throw new CocoError(`category ${shown(id)}: frequency ${shown(frequency)} is not r, c or f`, 'KeyError');
      return [id, frequency];
    }),
  );
}

function summary(result: Accumulated, groups: ReadonlyMap<Id, Frequency>): Omit<LvisResult, 'notes'> {
  const { params, counts, recall } = result;
  const [T, R, K, A] = counts;
  const mean = (column: CurveColumn, inner: number, iou?: number, group?: Frequency): number => {
    const { values: source, width, at } = column;
    const values = new Float64Array(T * inner * K);
    let n = 0;
    for (let t = 0; t < T; t++) {
      if (iou !== undefined && params.iouThrs[t] !== iou) continue;
      for (let r = 0; r < inner; r++) {
        for (let k = 0; k < K; k++) {
          if (group !== undefined && groups.get(params.catIds[k]!) !== group) continue;
          const value = source[((t * inner + r) * K + k) * width + at]!;
          if (value > -1) values[n++] = value;
        }
      }
    }
    return meanOrMinusOne(values, n);
  };
  const ap = (area = 0, iou?: number, group?: Frequency): number =>
    mean(curveColumn(result, 'precision', area, 0), R, iou, group);
  const ar = (area = 0): number => mean({ values: recall, width: A, at: area }, 1);
  return {
    AP: ap(),
    AP50: ap(0, 0.5),
    AP75: ap(0, 0.75),
    APs: ap(1),
    APm: ap(2),
    APl: ap(3),
    APr: ap(0, undefined, 'r'),
    APc: ap(0, undefined, 'c'),
    APf: ap(0, undefined, 'f'),
    AR: ar(),
    ARs: ar(1),
    ARm: ar(2),
    ARl: ar(3),
    eval: result,
  };
}
