import { MaskScratch } from '../mask/intervals.js';
import { kernels } from '../wasm/kernels.js';
import { quickMatch } from '../wasm/matching.js';
import { Assignment } from './assignment.js';
import { boundaryCandidates, boxCandidates, type FindCandidates, maskCandidates, oksCandidates } from './candidates.js';
import type { Grouping } from './grouping.js';
import type { Params } from './params.js';
import type { Rows } from './rows.js';
import { oksVariances } from './similarity.js';

/** Most IoU thresholds whose outcomes fit the two halves of an int32. */
export const MAX_THRESHOLDS = 15;

/**
 * Outcomes of all detections, category by category. A slot is one detection; the slots of category k are base[k]..base[k] + fill[k].
 * codes[slot * A + a] holds for size range a one bit per threshold: hit in the lower half, miss in the upper half, neither when ignored.
 */
export interface Matched {
  readonly base: Int32Array;
  readonly fill: Int32Array;
  /** Slots of the category whose code is not simply a miss or ignored at all thresholds, at most. */
  readonly mixed: Int32Array;
  /** Counted truths, [K, A]. */
  readonly counted: Int32Array;
  readonly scores: Float64Array;
  /** Rank by score within image and category. */
  readonly ranks: Int32Array;
  readonly codes: Int32Array;
  /** Position of the image. */
  readonly images: Int32Array;
}

/** Whether outcomes fit the codes of `Matched`. */
export function fitsCodes({ iouThrs, maxDets, useCats }: Params): boolean {
  const limits = maxDets.length > 0 && maxDets.every((limit) => limit >= 0 && limit <= 1e6 && Number.isInteger(limit));
  return iouThrs.length > 0 && iouThrs.length <= MAX_THRESHOLDS && limits && Number(useCats) === 1;
}

/** What matching reads. */
export interface MatchInput {
  readonly gt: Rows;
  readonly dt: Rows;
  readonly gtByImage: Grouping;
  readonly dtByImage: Grouping;
  readonly params: Params;
}

/**
 * Matches image by image, as cocoeval.py's evaluateImg at all thresholds and size ranges at once.
 * @source Lin et al. 2014, arXiv:1405.0312; the rules are those of `matchCell`, which stays the readable form
 */
export function matchImages(input: MatchInput, firstImage: number, endImage: number): Matched {
  const quick = matchQuickly(input, firstImage, endImage);
  if (quick !== null) return quick;
  const matcher = new Matcher(input, firstImage, endImage);
  for (let image = firstImage; image < endImage; image++) matcher.image(image);
  return matcher.out;
}

const comparedThresholds = ({ iouThrs }: Params): Float64Array =>
  Float64Array.from(iouThrs, (threshold) => Math.min(threshold, 1 - 1e-10));

/** The same by WebAssembly; null where it has to be done here, as for masks. */
function matchQuickly(input: MatchInput, firstImage: number, endImage: number): Matched | null {
  const { params } = input;
  const module = params.iouType === 'bbox' || params.iouType === 'keypoints' ? kernels() : null;
  if (module === null) return null;
  const out = emptyMatched(input, firstImage, endImage);
  const variances = params.iouType === 'keypoints' ? oksVariances(params.kpt_oks_sigmas) : null;
  const thresholds = comparedThresholds(params);
  return quickMatch(module, input, [firstImage, endImage], thresholds, variances, out) ? out : null;
}

function emptyMatched({ dt, dtByImage, params }: MatchInput, firstImage: number, endImage: number): Matched {
  const K = params.catIds.length;
  const A = params.areaRng.length;
  const base = new Int32Array(K);
  for (let p = dtByImage.start[firstImage]!; p < dtByImage.start[endImage]!; p++)
    base[dt.category[dtByImage.order[p]!]!]!++;
  let total = 0;
  for (let k = 0; k < K; k++) {
    const n = base[k]!;
    base[k] = total;
    total += n;
  }
  return {
    base,
    fill: new Int32Array(K),
    mixed: new Int32Array(K),
    counted: new Int32Array(K * A),
    scores: new Float64Array(total),
    ranks: new Int32Array(total),
    codes: new Int32Array(total * A),
    images: new Int32Array(total),
  };
}

class Matcher {
  readonly out: Matched;
  private readonly input: MatchInput;
  private readonly find: FindCandidates;
  private readonly scratches: readonly MaskScratch[];
  private readonly thresholds: Float64Array;
  private readonly least: number;
  private readonly low: Float64Array;
  private readonly high: Float64Array;
  private readonly limit: number;
  /** Per category: rows of this image so far, and where its cell begins in the lists below. */
  private readonly dtCount: Int32Array;
  private readonly gtCount: Int32Array;
  private readonly dtFirst: Int32Array;
  private readonly gtFirst: Int32Array;
  private readonly touched: Int32Array;
  private readonly dtRows: Int32Array;
  private readonly dtScores: Float64Array;
  private readonly gtRows: Int32Array;
  private readonly assignment: Assignment;

  constructor(input: MatchInput, firstImage: number, endImage: number) {
    const { gt, dt, gtByImage, dtByImage, params } = input;
    this.input = input;
    this.out = emptyMatched(input, firstImage, endImage);
    this.thresholds = comparedThresholds(params);
    this.least = Math.min(...this.thresholds);
    this.low = Float64Array.from(params.areaRng, (range) => range[0]!);
    this.high = Float64Array.from(params.areaRng, (range) => range[1]!);
    this.limit = params.maxDets[params.maxDets.length - 1]!;
    this.scratches = [];
    if (dt.masks && gt.masks) {
      const [detections, truths] = [new MaskScratch(dt.masks, dt.count), new MaskScratch(gt.masks, gt.count)];
      this.scratches = [detections, truths];
      this.find = maskCandidates(dt, gt, detections, truths);
      if (dt.edges && gt.edges) {
        const [edges, truthEdges] = [new MaskScratch(dt.edges, dt.count), new MaskScratch(gt.edges, gt.count)];
        this.scratches = [detections, truths, edges, truthEdges];
        this.find = boundaryCandidates(dt, gt, this.find, edges, truthEdges);
      }
    } else if (params.iouType === 'keypoints') this.find = oksCandidates(dt, gt, oksVariances(params.kpt_oks_sigmas));
    else this.find = boxCandidates(dt, gt);
    const K = params.catIds.length;
    let most = 16;
    for (let i = firstImage; i < endImage; i++) {
      most = Math.max(
        most,
        dtByImage.start[i + 1]! - dtByImage.start[i]!,
        gtByImage.start[i + 1]! - gtByImage.start[i]!,
      );
    }
    const A = params.areaRng.length;
    [this.dtCount, this.gtCount, this.dtFirst, this.gtFirst, this.touched] = [0, 0, 0, 0, 0].map(
      () => new Int32Array(K),
    ) as [Int32Array, Int32Array, Int32Array, Int32Array, Int32Array];
    this.dtRows = new Int32Array(most);
    this.gtRows = new Int32Array(most);
    this.dtScores = new Float64Array(most);
    this.assignment = new Assignment(gt, this.gtRows, this.thresholds, A);
  }

  image(image: number): void {
    for (const scratch of this.scratches) scratch.nextImage();
    const cells = this.fillCells(image);
    for (let z = 0; z < cells; z++) {
      const k = this.touched[z]!;
      this.cell(image, k);
      this.dtCount[k] = 0;
      this.gtCount[k] = 0;
    }
  }

  /** Sorts the image's rows into cells, detections by descending score (stable, NaN last). @returns the number of categories */
  private fillCells(image: number): number {
    const { gt, dt, gtByImage, dtByImage } = this.input;
    const { dtCount, gtCount, dtFirst, gtFirst, touched, dtRows, dtScores, gtRows } = this;
    let cells = 0;
    const d0 = dtByImage.start[image]!;
    const d1 = dtByImage.start[image + 1]!;
    const g0 = gtByImage.start[image]!;
    const g1 = gtByImage.start[image + 1]!;
    for (let p = d0; p < d1; p++) {
      const k = dt.category[dtByImage.order[p]!]!;
      if (dtCount[k]!++ === 0) touched[cells++] = k;
    }
    for (let p = g0; p < g1; p++) {
      const k = gt.category[gtByImage.order[p]!]!;
      if (gtCount[k]!++ === 0 && dtCount[k] === 0) touched[cells++] = k;
    }
    let dNext = 0;
    let gNext = 0;
    for (let z = 0; z < cells; z++) {
      const k = touched[z]!;
      dtFirst[k] = dNext;
      dNext += dtCount[k]!;
      dtCount[k] = 0;
      gtFirst[k] = gNext;
      gNext += gtCount[k]!;
      gtCount[k] = 0;
    }
    for (let p = d0; p < d1; p++) {
      const r = dtByImage.order[p]!;
      const k = dt.category[r]!;
      const score = dt.score[r]!;
      const first = dtFirst[k]!;
      let at = first + dtCount[k]!++;
      // Results mostly come sorted, so insertion is the quickest sort.
      while (at > first) {
        const before = dtScores[at - 1]!;
        if (!(before < score || (Number.isNaN(before) && !Number.isNaN(score)))) break;
        dtScores[at] = before;
        dtRows[at] = dtRows[at - 1]!;
        at--;
      }
      dtScores[at] = score;
      dtRows[at] = r;
    }
    for (let p = g0; p < g1; p++) {
      const r = gtByImage.order[p]!;
      const k = gt.category[r]!;
      gtRows[gtFirst[k]! + gtCount[k]!++] = r;
    }
    return cells;
  }

  private cell(image: number, k: number): void {
    const { low, high, out, dtRows, dtScores, thresholds, least, assignment } = this;
    const { dt } = this.input;
    const A = low.length;
    const all = (1 << thresholds.length) - 1;
    const G = this.gtCount[k]!;
    const first = this.dtFirst[k]!;
    const D = Math.min(this.dtCount[k]!, this.limit);
    if (G > 0) this.prepareTruths(k, G);
    let slot = out.base[k]! + out.fill[k]!;
    out.fill[k]! += D;
    for (let j = 0; j < D; j++, slot++) {
      const r = dtRows[first + j]!;
      out.scores[slot] = dtScores[first + j]!;
      out.ranks[slot] = j;
      out.images[slot] = image;
      const area = dt.area[r]!;
      const n = G === 0 ? 0 : this.find(r, this.gtRows, this.gtFirst[k]!, G, least, assignment.candidates);
      if (n > 0) out.mixed[k]!++;
      const ranked = n > 0 && assignment.rank(n);
      const blocks = dt.id[r]! > 0;
      for (let a = 0; a < A; a++) {
        const outside = area < low[a]! || area > high[a]!;
        let code = outside ? 0 : all << 16;
        if (ranked) code = assignment.assignRanked(n, a * G, this.gtFirst[k]!, blocks, outside);
        else if (n > 0) code = assignment.assign(n, a * G, this.gtFirst[k]!, blocks, outside);
        out.codes[slot * A + a] = code;
      }
    }
  }

  private prepareTruths(k: number, G: number): void {
    const { low, high, out, gtRows } = this;
    const { taken, ignored } = this.assignment;
    const { gt } = this.input;
    const A = low.length;
    const first = this.gtFirst[k]!;
    for (let g = 0; g < G; g++) {
      const r = gtRows[first + g]!;
      const area = gt.area[r]!;
      for (let a = 0; a < A; a++) {
        const skip = gt.ignore[r] || area < low[a]! || area > high[a]! ? 1 : 0;
        ignored[a * G + g] = skip;
        taken[a * G + g] = 0;
        if (skip === 0) out.counted[k * A + a]!++;
      }
    }
  }
}
