import type { Dataset, Id, ImageInfo, InstanceAnnotation, KeypointAnnotation } from '../annotation.js';
import { COCO } from '../coco.js';
import { CocoError } from '../errors.js';
import { prepareResults, type ResultRecord } from '../results.js';
import { shown } from '../shown.js';
import { collectRows } from './collect.js';
import type { Tally } from './derived.js';
import { groupByImage, overfullImages } from './grouping.js';
import { fitsCodes, type Matched } from './matched.js';
import { matchImages } from './matchImages.js';
import { type Params, sameSelection } from './params.js';
import { positions, type Rows, type TruthColumns } from './rows.js';

/** A truth as it arrives with its image: what COCO files hold, the id optional. */
export type TruthRecord = Partial<KeypointAnnotation> & { readonly category_id: Id };

/** Boxes of one image as columns: row r of each is one object. */
export interface BoxColumns {
  /** x, y, width, height per row, pixels. */
  readonly boxes: ArrayLike<number>;
  readonly categories: ArrayLike<number>;
}

/** Truths as columns. */
export interface TruthBoxes extends BoxColumns {
  /** Square pixels. */
  readonly areas: ArrayLike<number>;
  /** 1 for a crowd. */
  readonly crowds: ArrayLike<number>;
}

/** Detections as columns. */
export interface ScoredBoxes extends BoxColumns {
  readonly scores: ArrayLike<number>;
}

/** What is kept of one image: outcomes of the categories that it has. */
interface Piece {
  readonly categories: Int32Array;
  readonly matched: Matched;
  readonly gt: TruthColumns;
}

/** Everything that was added, as one matching. */
export interface Joined {
  readonly params: Params;
  readonly matched: Matched;
  readonly gt: TruthColumns;
}

/**
 * Matchings of images that arrive one by one. Of each image only the outcomes stay, no boxes and no masks; joined, they are what
 * matching the whole set gives, whatever the order of arrival.
 */
export class IncrementalMatching {
  private readonly params: Params;
  private readonly pieces = new Map<Id, Piece>();

  /** @throws CocoError when params pool the categories, name none, or have too many thresholds */
  constructor(params: Params) {
    this.params = params.clone();
    this.params.imgIds = [];
    if (params.catIds.length === 0)
      throw new CocoError('add() needs params.catIds: set them, or give the constructor a truth with categories');
    if (!fitsCodes(params))
      throw new CocoError('add() needs useCats = 1, 1 to 15 iouThrs and maxDets: use evaluate() on the whole set');
  }

  /** @throws CocoError for an image that was added before, or params that changed since the first one */
  add(
    image: ImageInfo,
    truths: readonly TruthRecord[],
    results: readonly ResultRecord[],
    params: Params,
    tally: Tally,
  ): void {
    const { id } = image;
    const own = this.paramsOf(id, params);
    const lists: Dataset = { images: [image], categories: [], annotations: [] };
    const gt = new COCO({ ...lists, annotations: truths.map((truth, i) => complete(truth, id, i)) });
    const found = results.map((record) => ({ ...record, image_id: id }));
    const dt = new COCO(found.length > 0 ? prepareResults(gt, found) : lists);
    this.keep(id, collectRows(gt, 'truth', own, tally), collectRows(dt, 'detection', own, tally), own, tally);
  }

  /** The same for boxes in columns, of which no record is made. */
  addBoxes(image: Id, truths: TruthBoxes, found: ScoredBoxes, params: Params, tally: Tally): void {
    if (params.iouType !== 'bbox') throw new CocoError(`addBoxes() compares boxes, iouType is ${params.iouType}`);
    const own = this.paramsOf(image, params);
    const none = new Uint8Array(found.categories.length);
    const areas = Float64Array.from(none, (_, r) => found.boxes[4 * r + 2]! * found.boxes[4 * r + 3]!);
    const dt = boxRows(found, own, areas, none, Float64Array.from(found.scores));
    const crowds = Uint8Array.from(truths.crowds, (crowd) => (crowd === 0 ? 0 : 1));
    const gt = boxRows(truths, own, Float64Array.from(truths.areas), crowds, new Float64Array(crowds.length));
    this.keep(image, gt, dt, own, tally);
  }

  private paramsOf(image: Id, params: Params): Params {
    if (this.pieces.has(image)) throw new CocoError(`image ${shown(image)} was added before`, 'ValueError');
    this.checkUnchanged(params);
    const own = this.params.clone();
    own.imgIds = [image];
    return own;
  }

  private keep(image: Id, gt: Rows, dt: Rows, params: Params, tally: Tally): void {
    const input = { gt, dt, params, gtByImage: groupByImage(gt, 1), dtByImage: groupByImage(dt, 1) };
    tally.overfull += overfullImages(gt, input.gtByImage, params.maxDets.at(-1) ?? 0);
    const { count, image: at, category, area, ignore } = gt;
    this.pieces.set(image, { ...touched(matchImages(input, 0, 1)), gt: { count, image: at, category, area, ignore } });
  }

  private checkUnchanged(params: Params): void {
    const now = params.clone();
    now.imgIds = [];
    now.maxDets.sort((a, b) => a - b);
    if (now.iouType === this.params.iouType && sameSelection(now, this.params)) return;
    throw new CocoError('params changed since the first add(): set them before', 'ValueError');
  }

  /** The outcomes of all images in the order of their ids. */
  join(params: Params): Joined {
    this.checkUnchanged(params);
    const own = this.params.clone();
    own.imgIds = [...this.pieces.keys()].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    own.recThrs = params.recThrs;
    const pieces = own.imgIds.map((id) => this.pieces.get(id)!);
    return { params: own, matched: joinMatched(pieces, own), gt: joinTruths(pieces) };
  }
}

const complete = (truth: TruthRecord, image: Id, index: number): InstanceAnnotation => ({
  ...truth,
  id: truth.id ?? index + 1,
  image_id: image,
});

/** @throws CocoError for columns of different lengths */
function boxRows(
  { boxes, categories }: BoxColumns,
  { catIds }: Params,
  area: Float64Array,
  crowd: Uint8Array,
  score: Float64Array,
): Rows {
  const count = categories.length;
  for (const [name, length] of Object.entries({ boxes: boxes.length / 4, areas: area.length, crowds: crowd.length }))
    if (length !== count) throw new CocoError(`${count} categories, but ${name} of ${length} rows`, 'ValueError');
  if (score.length !== count) throw new CocoError(`${count} categories, but ${score.length} scores`, 'ValueError');
  const index = positions(catIds);
  return {
    count,
    id: Float64Array.from(categories, (_, r) => r + 1),
    names: null,
    image: new Int32Array(count),
    category: Int32Array.from(categories, (id) => index.get(id) ?? -1),
    area,
    score,
    crowd,
    ignore: crowd,
    boxes: Float64Array.from(boxes),
    masks: null,
    edges: null,
    keypoints: null,
  };
}

/** Outcomes without the categories that the image does not have: most of many. */
function touched(matched: Matched): { categories: Int32Array; matched: Matched } {
  const { base, fill, mixed, counted, scores, ranks, codes, images } = matched;
  const A = base.length === 0 ? 0 : counted.length / base.length;
  const has = (k: number): boolean => fill[k]! > 0 || counted.subarray(k * A, k * A + A).some((n) => n > 0);
  const categories = Int32Array.from(base.keys()).filter(has);
  const of = (column: Int32Array, per = 1): Int32Array =>
    Int32Array.from(
      { length: categories.length * per },
      (_, i) => column[categories[Math.floor(i / per)]! * per + (i % per)]!,
    );
  return {
    categories,
    matched: {
      base: of(base),
      fill: of(fill),
      mixed: of(mixed),
      counted: of(counted, A),
      scores,
      ranks,
      codes,
      images,
    },
  };
}

/** Slots category by category, in each image by image. */
function joinMatched(pieces: readonly Piece[], params: Params): Matched {
  const K = params.catIds.length;
  const A = params.areaRng.length;
  const [fill, mixed, counted] = [new Int32Array(K), new Int32Array(K), new Int32Array(K * A)];
  for (const { categories, matched } of pieces) {
    for (const [x, k] of categories.entries()) {
      fill[k]! += matched.fill[x]!;
      mixed[k]! += matched.mixed[x]!;
      for (let a = 0; a < A; a++) counted[k * A + a]! += matched.counted[x * A + a]!;
    }
  }
  const base = new Int32Array(K);
  for (let k = 1; k < K; k++) base[k] = base[k - 1]! + fill[k - 1]!;
  const total = K === 0 ? 0 : base[K - 1]! + fill[K - 1]!;
  const [scores, ranks] = [new Float64Array(total), new Int32Array(total)];
  const [codes, images] = [new Int32Array(total * A), new Int32Array(total)];
  const next = base.slice();
  for (const [image, { categories, matched }] of pieces.entries()) {
    for (const [x, k] of categories.entries()) {
      const [from, n, to] = [matched.base[x]!, matched.fill[x]!, next[k]!];
      scores.set(matched.scores.subarray(from, from + n), to);
      ranks.set(matched.ranks.subarray(from, from + n), to);
      codes.set(matched.codes.subarray(from * A, (from + n) * A), to * A);
      images.fill(image, to, to + n);
      next[k] = to + n;
    }
  }
  return { base, fill, mixed, counted, scores, ranks, codes, images };
}

function joinTruths(pieces: readonly Piece[]): TruthColumns {
  const count = pieces.reduce((sum, { gt }) => sum + gt.count, 0);
  const out = {
    count,
    image: new Int32Array(count),
    category: new Int32Array(count),
    area: new Float64Array(count),
    ignore: new Uint8Array(count),
  };
  let at = 0;
  for (const [image, { gt }] of pieces.entries()) {
    out.image.fill(image, at, at + gt.count);
    out.category.set(gt.category, at);
    out.area.set(gt.area, at);
    out.ignore.set(gt.ignore, at);
    at += gt.count;
  }
  return out;
}
