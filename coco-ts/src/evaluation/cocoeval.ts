import type { Id, Kind } from '../annotation.js';
import { COCO, type CocoOptions, printer } from '../coco.js';
import { CocoError } from '../errors.js';
import type { Matrix } from '../mask/index.js';
import { type Accumulated, accumulateCells } from './accumulate.js';
import { type EvalImage, matchCell } from './matching.js';
import { orderByScore } from './numeric.js';
import { type IouType, Params, sortedUnique } from './params.js';
import { type Cells, collectRows } from './rows.js';
import { oksVariances, rowIou, rowOks } from './similarity.js';
import { summarizeAccumulated } from './summary.js';

/** Either side of an evaluation, whatever kind of file it is. */
type AnyCoco = COCO | COCO<'keypoints'>;

/**
 * pycocotools' evaluator: set `params`, then evaluate(), accumulate(), summarize().
 *
 * @example
 * const gt = await COCO.load('instances_val2017.json');
 * const evaluation = new COCOeval(gt, gt.loadRes('detections.json'), 'bbox');
 * evaluation.evaluate();
 * evaluation.accumulate();
 * console.log(evaluation.summarize().join('\n'));
 */
export class COCOeval {
  readonly cocoGt: COCO;
  readonly cocoDt: COCO;
  params: Params;
  /** Result of accumulate(). */
  eval: Accumulated | null = null;
  /** Result of summarize(): 12 numbers for boxes and masks, 10 for keypoints. */
  stats: Float64Array = new Float64Array(0);
  private readonly print: (line: string) => void;
  private evaluated: { params: Params; gt: Cells; dt: Cells } | null = null;
  private cachedEvalImgs: (EvalImage | null)[] | null = null;
  private cachedIous: Map<string, Matrix> | null = null;

  constructor(
    cocoGt?: AnyCoco | null,
    cocoDt?: AnyCoco | null,
    iouType: IouType = 'segm',
    options: Pick<CocoOptions, 'verbose'> = {},
  ) {
    this.cocoGt = (cocoGt ?? new COCO<Kind>()) as COCO;
    this.cocoDt = (cocoDt ?? new COCO<Kind>()) as COCO;
    this.print = printer(options.verbose);
    this.params = new Params(iouType);
    if (cocoGt) {
      this.params.imgIds = sortedUnique(this.cocoGt.getImgIds());
      this.params.catIds = sortedUnique(this.cocoGt.cats.size > 0 ? this.cocoGt.getCatIds() : []);
    }
  }

  /** Matches detections to truths, image by image. @throws CocoError where an annotation lacks a field this needs */
  evaluate(): void {
    const { params } = this;
    this.print('Running per image evaluation...');
    if (params.useSegm !== null) {
      params.iouType = Number(params.useSegm) === 1 ? 'segm' : 'bbox';
      this.print(`useSegm (deprecated) is not None. Running ${params.iouType} evaluation`);
    }
    this.print(`Evaluate annotation type *${params.iouType}*`);
    const started = performance.now();
    params.imgIds = sortedUnique(params.imgIds);
    if (Number(params.useCats) === 1) params.catIds = sortedUnique(params.catIds);
    params.maxDets = [...params.maxDets].sort((a, b) => a - b);
    const frozen = params.clone();
    this.evaluated = {
      params: frozen,
      gt: collectRows(this.cocoGt, 'truth', frozen),
      dt: collectRows(this.cocoDt, 'detection', frozen),
    };
    this.cachedEvalImgs = null;
    this.cachedIous = null;
    this.eval = null;
    this.print(`DONE (t=${((performance.now() - started) / 1000).toFixed(2)}s).`);
  }

  /** Precision and recall of the matchings, in `eval`. Other params than those evaluated select from them as pycocotools does. */
  accumulate(params: Params = this.params): void {
    this.print('Accumulating evaluation results...');
    const { params: evaluated } = this.requireEvaluated();
    const started = performance.now();
    if (Number(params.useCats) !== 1) params.catIds = [-1];
    this.eval = accumulateCells(params, evaluated, this.evalImgs);
    this.print(`DONE (t=${((performance.now() - started) / 1000).toFixed(2)}s).`);
  }

  /** Computes `stats` and returns pycocotools' lines; they are printed with `verbose`. */
  summarize(): string[] {
    if (this.eval === null) throw new CocoError('Please run accumulate() first', 'Exception');
    const summary = summarizeAccumulated(this.eval);
    this.stats = summary.stats;
    summary.lines.forEach(this.print);
    return [...summary.lines];
  }

  /** All matchings, category by category, size range by size range, image by image; null where an image has neither side. */
  get evalImgs(): (EvalImage | null)[] {
    if (this.cachedEvalImgs === null) {
      const { params } = this.requireEvaluated();
      const out: (EvalImage | null)[] = [];
      for (const category of cellCategories(params)) {
        for (const range of params.areaRng) {
          for (const image of params.imgIds)
            out.push(this.evaluateImg(image, category, range, params.maxDets[params.maxDets.length - 1]!));
        }
      }
      this.cachedEvalImgs = out;
    }
    return this.cachedEvalImgs;
  }

  /** Similarities by `imageId,categoryId`: detections by descending score, truths in file order. Empty where a side is empty. */
  get ious(): Map<string, Matrix> {
    if (this.cachedIous === null) {
      const { params } = this.requireEvaluated();
      const out = new Map<string, Matrix>();
      for (const image of params.imgIds) {
        for (const category of cellCategories(params))
          out.set(`${image},${category}`, this.similarities(image, category));
      }
      this.cachedIous = out;
    }
    return this.cachedIous;
  }

  /** IoU of boxes or masks of one image and category, [D, G]. */
  computeIoU(imgId: Id, catId: Id): Matrix {
    return this.similarities(imgId, catId);
  }

  /** Object keypoint similarity of one image and category, [D, G]. */
  computeOks(imgId: Id, catId: Id): Matrix {
    return this.similarities(imgId, catId);
  }

  /** The matching of one image and category in one size range; null when it has neither truths nor detections. */
  evaluateImg(imgId: Id, catId: Id, aRng: readonly number[], maxDet: number): EvalImage | null {
    const { params, gt, dt } = this.requireEvaluated();
    const truths = this.cellRows(gt, imgId, catId);
    const detections = this.cellRows(dt, imgId, catId);
    if (truths.length === 0 && detections.length === 0) return null;
    const [low, high] = aRng as [number, number];
    const outside = (area: number): boolean => area < low || area > high;
    const ignored = truths.map((r) => (gt.rows.ignore[r] || outside(gt.rows.area[r]!) ? 1 : 0));
    const byIgnore = [...truths.keys()].sort((i, j) => ignored[i]! - ignored[j]!);
    const ranked = Array.from(orderByScore(detections.map((r) => dt.rows.score[r]!)), (i) => detections[i]!).slice(
      0,
      maxDet,
    );
    const all = this.ious.get(`${imgId},${catId}`)!;
    const G = truths.length;
    const ious = all.data.length === 0 ? null : new Float64Array(ranked.length * G);
    if (ious)
      for (let d = 0; d < ranked.length; d++)
        for (let g = 0; g < G; g++) ious[d * G + g] = all.data[d * G + byIgnore[g]!]!;
    const gtIgnore = Uint8Array.from(byIgnore, (i) => ignored[i]!);
    const gtIds = byIgnore.map((i) => gt.rows.id[truths[i]!]!);
    const dtIds = ranked.map((r) => dt.rows.id[r]!);
    const matches = matchCell(
      { ids: dtIds, outside: Uint8Array.from(ranked, (r) => (outside(dt.rows.area[r]!) ? 1 : 0)) },
      { ids: gtIds, ignore: gtIgnore, crowd: Uint8Array.from(byIgnore, (i) => gt.rows.crowd[truths[i]!]!) },
      ious,
      params.iouThrs,
    );
    const dtScores = Float64Array.from(ranked, (r) => dt.rows.score[r]!);
    return { image_id: imgId, category_id: catId, aRng, maxDet, dtIds, gtIds, dtScores, gtIgnore, ...matches };
  }

  private similarities(imgId: Id, catId: Id): Matrix {
    const { params, gt, dt } = this.requireEvaluated();
    // pycocotools looks keypoints up under category -1 when categories are pooled, where there are none.
    const absent = params.iouType === 'keypoints' && Number(params.useCats) !== 1;
    const truths = absent ? [] : this.cellRows(gt, imgId, catId);
    const detections = absent ? [] : this.cellRows(dt, imgId, catId);
    const limit = params.maxDets[params.maxDets.length - 1]!;
    const ranked = Array.from(orderByScore(detections.map((r) => dt.rows.score[r]!)), (i) => detections[i]!).slice(
      0,
      limit,
    );
    const [D, G] = [ranked.length, truths.length];
    const data = new Float64Array(D * G);
    const variances = params.iouType === 'keypoints' ? oksVariances(params.kpt_oks_sigmas) : null;
    for (const [d, dr] of ranked.entries()) {
      for (const [g, gr] of truths.entries()) {
        data[d * G + g] = variances ? rowOks(dt.rows, dr, gt.rows, gr, variances) : rowIou(dt.rows, dr, gt.rows, gr);
      }
    }
    return { data, shape: [D, G] };
  }

  private cellRows(cells: Cells, imgId: Id, catId: Id): number[] {
    const { params } = this.requireEvaluated();
    const image = params.imgIds.indexOf(imgId);
    const category = Number(params.useCats) === 1 ? params.catIds.indexOf(catId) : 0;
    if (image < 0 || category < 0) return [];
    const cell = category * params.imgIds.length + image;
    return Array.from(cells.order.subarray(cells.start[cell]!, cells.start[cell + 1]!));
  }

  private requireEvaluated(): { params: Params; gt: Cells; dt: Cells } {
    if (this.evaluated === null) throw new CocoError('Please run evaluate() first', 'Exception');
    return this.evaluated;
  }
}

const cellCategories = (params: Params): readonly Id[] => (Number(params.useCats) === 1 ? params.catIds : [-1]);
