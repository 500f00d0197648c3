import type { Id, ImageInfo } from '../annotation.js';
import { COCO } from '../coco.js';
import type { CocoFile } from '../cocoFile.js';
import { CocoError } from '../errors.js';
import type { Matrix } from '../mask/index.js';
import { type CocoOptions, printer } from '../options.js';
import type { ResultRecord } from '../results.js';
import { type Accumulated, accumulateCells, accumulateMatched } from './accumulate.js';
import { type CellReader, cellReader } from './cellReader.js';
import { collectRows } from './collect.js';
import { emptyTally, tallyNotes } from './derived.js';
import { groupByImage, overfullImages } from './grouping.js';
import { IncrementalMatching, type ScoredBoxes, type TruthBoxes, type TruthRecord } from './incremental.js';
import { fitsCodes, type Matched, type MatchInput } from './matched.js';
import { matchImages } from './matchImages.js';
import type { EvalImage } from './matching.js';
import { mismatches } from './mismatches.js';
import { type IouType, Params, sameSelection, sortedUnique } from './params.js';
import type { Rows, TruthColumns } from './rows.js';
import { summarizeAccumulated } from './summary.js';
import { matchInWorkers, worthwhileThreads } from './workers.js';

/** Either side of an evaluation, whatever kind of file it is. */
type AnyCoco = COCO | COCO<'keypoints'> | CocoFile;

/** Outcomes of matching, with the truths they are counted against. */
interface Outcomes {
  readonly params: Params;
  readonly gt: TruthColumns;
  readonly matched: readonly Matched[];
}

/** State after evaluate(). */
export interface Evaluated {
  readonly params: Params;
  readonly gt: Rows;
  readonly dt: Rows;
  /** Null where categories are pooled or thresholds are too many: matchings are then made cell by cell. */
  readonly matched: readonly Matched[] | null;
}

/**
 * pycocotools' evaluator: set `params`, then evaluate(), accumulate(), summarize().
 *
 * @example
 * const gt = await CocoFile.open('instances_val2017.json');
 * const evaluation = new COCOeval(gt, gt.loadRes('detections.json'), 'bbox');
 * evaluation.evaluate();
 * evaluation.accumulate();
 * console.log(evaluation.summarize().join('\n'));
 */
export class COCOeval {
  readonly cocoGt: AnyCoco;
  readonly cocoDt: AnyCoco;
  params: Params;
  /** Result of accumulate(). */
  eval: Accumulated | null = null;
  /** Result of summarize(): 12 numbers for boxes and masks, 10 for keypoints, unless maxDets say otherwise. */
  stats: Float64Array = new Float64Array(0);
  /** What each of them is: AP, AP50, AP75, APs, APm, APl, AR1, AR10, AR100, ARs, ARm, ARl. */
  statNames: readonly string[] = [];
  private readonly print: (line: string) => void;
  private tally = emptyTally();
  private unmatched: readonly string[] = [];
  private evaluated: Evaluated | null = null;
  private incremental: IncrementalMatching | null = null;
  private reader: CellReader | null = null;
  private cells: (EvalImage | null)[] | null = null;
  private given: (EvalImage | null)[] | null = null;

  constructor(
    cocoGt?: AnyCoco | null,
    cocoDt?: AnyCoco | null,
    iouType: IouType = 'segm',
    options: Pick<CocoOptions, 'verbose'> = {},
  ) {
    this.cocoGt = cocoGt ?? new COCO<'instances'>();
    this.cocoDt = cocoDt ?? new COCO<'instances'>();
    this.print = printer(options.verbose);
    this.params = new Params(iouType);
    if (cocoGt) {
      this.params.imgIds = sortedUnique(this.cocoGt.imageIds());
      this.params.catIds = sortedUnique([...this.cocoGt.cats.keys()]);
    }
  }

  /** Matches detections to truths, image by image. @throws CocoError where an annotation lacks a field this needs */
  evaluate(): void {
    const started = performance.now();
    const { input, direct } = this.prepare();
    this.finish(input, direct ? [matchImages(input, 0, input.params.imgIds.length)] : null, started);
  }

  /**
   * The same on several threads, at most as many as pay; they change no bit. Pooled categories, and boxes below 2 million, stay on this
   * one.
   */
  async evaluateAsync({ threads = 1 }: { readonly threads?: number } = {}): Promise<void> {
    const started = performance.now();
    const { input, direct } = this.prepare();
    const parts = worthwhileThreads(input, threads);
    this.finish(input, direct ? await matchInWorkers(input, parts) : null, started);
  }

  /**
   * Evaluates one image as it arrives; after the last one accumulate() gives what evaluate() on the whole set would, to the bit, in any
   * order of arrival. Of the image only outcomes are kept, so evalImgs and ious are not there. evaluate() starts afresh.
   *
   * @param image its id, or with polygons a record with id, height and width, unless `cocoGt` has it
   * @param gts its truths, as in a COCO file; image_id may be absent, and ids, if nothing else refers to them
   * @param dts its detections, as in a result file; image_id may be absent
   * @throws CocoError for an image added before, categories that are unknown, or params changed between images
   */
  add(image: Id | ImageInfo, gts: readonly TruthRecord[], dts: readonly Omit<ResultRecord, 'image_id'>[]): void {
    const info = typeof image === 'object' ? image : (this.cocoGt.imgs.get(image) ?? { id: image });
    this.opened().add(info, gts, dts as readonly ResultRecord[], this.params, this.tally);
    this.forget();
  }

  /** `add` for boxes in columns, of which no records are made. @throws CocoError as `add`, and for columns of different lengths */
  addBoxes(image: Id, truths: TruthBoxes, detections: ScoredBoxes): void {
    this.opened().addBoxes(image, truths, detections, this.params, this.tally);
    this.forget();
  }

  private opened(): IncrementalMatching {
    if (this.incremental !== null) return this.incremental;
    this.params.catIds = sortedUnique(this.params.catIds);
    this.params.maxDets = [...this.params.maxDets].sort((a, b) => a - b);
    this.incremental = new IncrementalMatching(this.params);
    this.tally = emptyTally();
    this.unmatched = [];
    return this.incremental;
  }

  private forget(): void {
    this.evaluated = null;
    this.reader = null;
    this.cells = null;
    this.given = null;
    this.eval = null;
  }

  private prepare(): { input: MatchInput; direct: boolean } {
    const { params } = this;
    this.print('Running per image evaluation...');
    if (params.useSegm !== null) {
      params.iouType = Number(params.useSegm) === 1 ? 'segm' : 'bbox';
      this.print(`useSegm (deprecated) is not None. Running ${params.iouType} evaluation`);
    }
    this.print(`Evaluate annotation type *${params.iouType}*`);
    params.imgIds = sortedUnique(params.imgIds);
    if (Number(params.useCats) === 1) params.catIds = sortedUnique(params.catIds);
    params.maxDets = [...params.maxDets].sort((a, b) => a - b);
    const frozen = params.clone();
    this.tally = emptyTally();
    const gt = collectRows(this.cocoGt, 'truth', frozen, this.tally);
    const dt = collectRows(this.cocoDt, 'detection', frozen, this.tally);
    // Rows from columns have all annotations, -1 where they match nothing; others are looked through anyway.
    const complete = ({ image, category }: Rows): boolean => image.indexOf(-1) < 0 && category.indexOf(-1) < 0;
    const scanned = this.cocoGt.columns !== null && this.cocoDt.columns !== null;
    this.unmatched = scanned && complete(gt) && complete(dt) ? [] : mismatches(this.cocoGt, this.cocoDt);
    const images = frozen.imgIds.length;
    const input = { gt, dt, params: frozen, gtByImage: groupByImage(gt, images), dtByImage: groupByImage(dt, images) };
    this.tally.overfull = overfullImages(gt, input.gtByImage, frozen.maxDets.at(-1) ?? 0);
    return { input, direct: fitsCodes(frozen) };
  }

  private finish({ gt, dt, params }: MatchInput, matched: readonly Matched[] | null, started: number): void {
    this.forget();
    this.incremental = null;
    this.evaluated = { params, gt, dt, matched };
    this.print(`DONE (t=${((performance.now() - started) / 1000).toFixed(2)}s).`);
  }

  /** Precision and recall of the matchings, in `eval`. Other params than those evaluated select from them as pycocotools does. */
  accumulate(params: Params = this.params): void {
    this.print('Accumulating evaluation results...');
    const started = performance.now();
    if (this.incremental !== null) {
      const joined = this.incremental.join(params);
      params.imgIds = joined.params.imgIds;
      this.eval = accumulateMatched(params, [joined.matched]);
      this.print(`DONE (t=${((performance.now() - started) / 1000).toFixed(2)}s).`);
      return;
    }
    const { params: evaluated, matched } = this.requireEvaluated();
    if (Number(params.useCats) !== 1) params.catIds = [-1];
    const direct = matched !== null && this.given === null && sameSelection(params, evaluated);
    this.eval = direct ? accumulateMatched(params, matched) : accumulateCells(params, evaluated, this.evalImgs);
    this.print(`DONE (t=${((performance.now() - started) / 1000).toFixed(2)}s).`);
  }

  /**
   * Computes `stats` and returns pycocotools' lines; they are printed with `verbose`.
   *
   * @param ownLimits gives AP at the last of `params.maxDets` and AR at each, however many there are. Defaults to false: pycocotools'
   *   numbers, whose AP is at 100 detections (at 20 for keypoints) or -1, and which there are not for fewer than 3 maxDets
   */
  summarize({ ownLimits = false }: { readonly ownLimits?: boolean } = {}): string[] {
    if (this.eval === null) throw new CocoError('Please run accumulate() first', 'Exception');
    const summary = summarizeAccumulated(this.eval, ownLimits);
    this.stats = summary.stats;
    this.statNames = summary.names;
    summary.lines.forEach(this.print);
    return [...summary.lines];
  }

  /** What who reads the numbers should know, a sentence each: values that were derived, ids that match nothing, a truth of id 0. */
  get notes(): string[] {
    return [...tallyNotes(this.tally), ...this.unmatched];
  }

  /** All matchings, category by category, size range by size range, image by image; null where an image has neither side. */
  get evalImgs(): (EvalImage | null)[] {
    if (this.given !== null) return this.given;
    this.cells ??= this.requireReader().all();
    return this.cells;
  }

  /** Matchings that accumulate() is to count instead: those of evaluate(), changed. */
  set evalImgs(cells: (EvalImage | null)[]) {
    this.given = cells;
  }

  /** Similarities by `imageId,categoryId`: detections by descending score, truths in file order. Empty where a side is empty. */
  get ious(): Map<string, Matrix> {
    return this.requireReader().similarities();
  }

  /** IoU of boxes or masks of one image and category, [D, G]. */
  computeIoU(imgId: Id, catId: Id): Matrix {
    return this.requireReader().similarity(imgId, catId);
  }

  /** Object keypoint similarity of one image and category, [D, G]. */
  computeOks(imgId: Id, catId: Id): Matrix {
    return this.requireReader().similarity(imgId, catId);
  }

  /** The matching of one image and category in one size range; null when it has neither truths nor detections. */
  evaluateImg(imgId: Id, catId: Id, aRng: readonly number[], maxDet: number): EvalImage | null {
    return this.requireReader().match(imgId, catId, aRng, maxDet);
  }

  /**
   * Outcomes per category for what goes on from them; null where only evalImgs has them.
   * @internal
   */
  outcomes(): Outcomes | null {
    if (this.incremental !== null) {
      const { params, gt, matched } = this.incremental.join(this.params);
      return { params, gt, matched: [matched] };
    }
    const { params, gt, matched } = this.requireEvaluated();
    return matched === null || this.given !== null ? null : { params, gt, matched };
  }

  private requireReader(): CellReader {
    if (this.incremental !== null)
      throw new CocoError('add() keeps outcomes only: evaluate() the whole set for evalImgs and ious', 'Exception');
    this.reader ??= cellReader(this.requireEvaluated());
    return this.reader;
  }

  private requireEvaluated(): Evaluated {
    if (this.evaluated === null) throw new CocoError('Please run evaluate() first', 'Exception');
    return this.evaluated;
  }
}
