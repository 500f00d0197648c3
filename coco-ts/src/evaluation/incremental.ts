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

/** Where an image's outcomes and truths stand. */
interface Piece {
  readonly firstSlot: number;
  readonly endSlot: number;
  readonly firstTruth: number;
  readonly endTruth: number;
}

/** What is kept: outcomes by detection and what counts of truths, in order of arrival. */
interface Kept {
  slots: number;
  category: Int32Array;
  scores: Float64Array;
  ranks: Int32Array;
  codes: Int32Array;
  truths: number;
  truthCategory: Int32Array;
  truthArea: Float64Array;
  truthIgnore: Uint8Array;
  /** Sums over the images: truths that count [K, A], and slots as in `Matched`. */
  readonly counted: Int32Array;
  readonly fill: Int32Array;
  readonly mixed: Int32Array;
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
  private readonly kept: Kept;

  /** @throws CocoError when params pool the categories, name none, or have too many thresholds */
  constructor(params: Params) {
    this.params = params.clone();
    this.params.imgIds = [];
    if (params.catIds.length === 0)
      throw new CocoError('add() needs params.catIds: set them, or give the constructor a truth with categories');
    if (!fitsCodes(params))
      throw new CocoError('add() needs useCats = 1, 1 to 15 iouThrs and maxDets: use evaluate() on the whole set');
    const [K, A] = [params.catIds.length, params.areaRng.length];
    this.kept = {
      slots: 0,
      category: new Int32Array(0),
      scores: new Float64Array(0),
      ranks: new Int32Array(0),
      codes: new Int32Array(0),
      truths: 0,
      truthCategory: new Int32Array(0),
      truthArea: new Float64Array(0),
      truthIgnore: new Uint8Array(0),
      counted: new Int32Array(K * A),
      fill: new Int32Array(K),
      mixed: new Int32Array(K),
    };
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
    const { kept } = this;
    const [firstSlot, firstTruth] = [kept.slots, kept.truths];
    keepOutcomes(kept, matchImages(input, 0, 1), params.areaRng.length);
    keepTruths(kept, gt);
    this.pieces.set(image, { firstSlot, endSlot: kept.slots, firstTruth, endTruth: kept.truths });
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
    return { params: own, matched: joinMatched(this.kept, pieces, own), gt: joinTruths(this.kept, pieces) };
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

/** A column with room for `length` values, those that it has kept. */
function grown<A extends Int32Array | Float64Array | Uint8Array>(column: A, length: number): A {
  if (column.length >= length) return column;
  const kind = column.constructor as new (length: number) => A;
  const out = new kind(Math.max(length, 2 * column.length));
  out.set(column);
  return out;
}

function keepOutcomes(kept: Kept, { base, fill, mixed, counted, scores, ranks, codes }: Matched, A: number): void {
  const begin = kept.slots;
  kept.slots += fill.reduce((sum, n) => sum + n, 0);
  kept.category = grown(kept.category, kept.slots);
  kept.scores = grown(kept.scores, kept.slots);
  kept.ranks = grown(kept.ranks, kept.slots);
  kept.codes = grown(kept.codes, kept.slots * A);
  let to = begin;
  for (let k = 0; k < fill.length; k++) {
    const [from, n] = [base[k]!, fill[k]!];
    if (n === 0) continue;
    kept.category.fill(k, to, to + n);
    kept.scores.set(scores.subarray(from, from + n), to);
    kept.ranks.set(ranks.subarray(from, from + n), to);
    kept.codes.set(codes.subarray(from * A, (from + n) * A), to * A);
    kept.fill[k]! += n;
    kept.mixed[k]! += mixed[k]!;
    to += n;
  }
  for (let i = 0; i < counted.length; i++) kept.counted[i]! += counted[i]!;
}

function keepTruths(kept: Kept, { count, category, area, ignore }: Rows): void {
  const begin = kept.truths;
  kept.truths += count;
  kept.truthCategory = grown(kept.truthCategory, kept.truths);
  kept.truthArea = grown(kept.truthArea, kept.truths);
  kept.truthIgnore = grown(kept.truthIgnore, kept.truths);
  kept.truthCategory.set(category.subarray(0, count), begin);
  kept.truthArea.set(area.subarray(0, count), begin);
  kept.truthIgnore.set(ignore.subarray(0, count), begin);
}

/** Slots category by category, in each image by image. */
function joinMatched(kept: Kept, pieces: readonly Piece[], params: Params): Matched {
  const [K, A] = [params.catIds.length, params.areaRng.length];
  const base = new Int32Array(K);
  for (let k = 1; k < K; k++) base[k] = base[k - 1]! + kept.fill[k - 1]!;
  const [scores, ranks] = [new Float64Array(kept.slots), new Int32Array(kept.slots)];
  const [codes, images] = [new Int32Array(kept.slots * A), new Int32Array(kept.slots)];
  const next = base.slice();
  for (const [image, { firstSlot, endSlot }] of pieces.entries()) {
    for (let slot = firstSlot; slot < endSlot; slot++) {
      const to = next[kept.category[slot]!]!++;
      scores[to] = kept.scores[slot]!;
      ranks[to] = kept.ranks[slot]!;
      images[to] = image;
      for (let a = 0; a < A; a++) codes[to * A + a] = kept.codes[slot * A + a]!;
    }
  }
  return { base, fill: kept.fill, mixed: kept.mixed, counted: kept.counted, scores, ranks, codes, images };
}

function joinTruths(kept: Kept, pieces: readonly Piece[]): TruthColumns {
  const count = kept.truths;
  const out = {
    count,
    image: new Int32Array(count),
    category: new Int32Array(count),
    area: new Float64Array(count),
    ignore: new Uint8Array(count),
  };
  let at = 0;
  for (const [image, { firstTruth, endTruth }] of pieces.entries()) {
    const end = at + endTruth - firstTruth;
    out.image.fill(image, at, end);
    out.category.set(kept.truthCategory.subarray(firstTruth, endTruth), at);
    out.area.set(kept.truthArea.subarray(firstTruth, endTruth), at);
    out.ignore.set(kept.truthIgnore.subarray(firstTruth, endTruth), at);
    at = end;
  }
  return out;
}
