import type { Id } from '../annotation.js';
import { valueAt } from '../checked.js';
import { CocoError } from '../errors.js';
import { linspace } from './numeric.js';

/**
 * What is compared. `boundary` is not in pycocotools: the smaller of the IoU of two masks and that of their inner boundaries; crowds
 * keep the IoU of masks.
 * @source Cheng et al. 2021, arXiv:2103.16562, section 5 (boundary AP)
 */
export type IouType = 'bbox' | 'segm' | 'keypoints' | 'boundary';

export const IOU_TYPES: readonly IouType[] = ['bbox', 'segm', 'keypoints', 'boundary'];

/** Half widths of the 17 COCO keypoints relative to the object's scale (cocodataset.org, keypoint evaluation). */
const COCO_SIGMAS = [
  0.26, 0.25, 0.25, 0.35, 0.35, 0.79, 0.79, 0.72, 0.72, 0.62, 0.62, 1.07, 1.07, 0.87, 0.87, 0.89, 0.89,
];

const BIG = 1e5 ** 2;
const SMALL = 32 ** 2;
const MEDIUM = 96 ** 2;

/** Settings of an evaluation, pycocotools' names and defaults; change them before `evaluate()`. */
export class Params {
  iouType: IouType;
  /** Images to evaluate; sorted and made unique by `evaluate()`. */
  imgIds: Id[] = [];
  /** Categories to evaluate. */
  catIds: Id[] = [];
  /** IoU (or OKS) thresholds for a match. */
  iouThrs: ArrayLike<number> = linspace(0.5, 0.95, 10);
  /** Recalls at which precision is read. */
  recThrs: ArrayLike<number> = linspace(0, 1, 101);
  /** Most detections per image and category; sorted by `evaluate()`. */
  maxDets: number[];
  /** Size ranges in square pixels, both ends inclusive. */
  areaRng: (readonly [number, number] | readonly number[])[];
  areaRngLbl: string[];
  /** 0 pools all categories. */
  useCats: 0 | 1 | boolean = 1;
  /** Deprecated form of iouType: 1 is segm, 0 is bbox. */
  useSegm: 0 | 1 | boolean | null = null;
  kpt_oks_sigmas: ArrayLike<number>;
  /**
   * Not in pycocotools: false counts a truth of id 0 as found when it is, and as taken one that a detection without a positive id has.
   * pycocotools (true, the default) does not. In `evalImgs` -1 then stands for a match with the id 0.
   */
  strictIds = true;

  /** @throws CocoError on an unknown iouType */
  constructor(iouType: IouType = 'segm') {
    if (!IOU_TYPES.includes(iouType))
      throw new CocoError(`iouType ${String(iouType)} is none of ${IOU_TYPES.join(', ')}`, 'Exception');
    this.iouType = iouType;
    const points = iouType === 'keypoints';
    this.maxDets = points ? [20] : [1, 10, 100];
    this.areaRng = [[0, BIG], ...(points ? [] : [[0, SMALL]]), [SMALL, MEDIUM], [MEDIUM, BIG]];
    this.areaRngLbl = ['all', ...(points ? [] : ['small']), 'medium', 'large'];
    this.kpt_oks_sigmas = Float64Array.from(COCO_SIGMAS, (value) => value / 10);
  }

  /** A deep copy. */
  clone(): Params {
    return Object.assign(Object.create(Params.prototype) as Params, {
      ...this,
      imgIds: [...this.imgIds],
      catIds: [...this.catIds],
      iouThrs: Float64Array.from(this.iouThrs),
      recThrs: Float64Array.from(this.recThrs),
      maxDets: [...this.maxDets],
      areaRng: this.areaRng.map((range) => [...range]),
      areaRngLbl: [...this.areaRngLbl],
      kpt_oks_sigmas: Float64Array.from(this.kpt_oks_sigmas),
    });
  }
}

/** numpy.unique: sorted, without repetition. */
export function sortedUnique(ids: readonly Id[]): Id[] {
  return [...new Set(ids)].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

const sameList = (a: ArrayLike<unknown>, b: ArrayLike<unknown>): boolean =>
  a.length === b.length && Array.from(a).every((value, i) => Object.is(value, b[i]));

/** Whether accumulating with `params` reads every cell that was evaluated, in its place. Recall thresholds may differ. */
export function sameSelection(params: Params, evaluated: Params): boolean {
  return (
    Number(params.useCats) === Number(evaluated.useCats) &&
    params.strictIds === evaluated.strictIds &&
    params.iouThrs.length === evaluated.iouThrs.length &&
    sameList(params.imgIds, evaluated.imgIds) &&
    sameList(params.catIds, evaluated.catIds) &&
    sameList(params.maxDets, evaluated.maxDets) &&
    params.areaRng.length === evaluated.areaRng.length &&
    params.areaRng.every((range, i) => sameList(range, valueAt(evaluated.areaRng, i)))
  );
}
