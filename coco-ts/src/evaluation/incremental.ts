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
import type { TruthColumns } from './rows.js';

/** A truth as it arrives with its image: what COCO files hold, the id optional. */
export type TruthRecord = Partial<KeypointAnnotation> & { readonly category_id: Id };

/** What is kept of one image. */
interface Piece {
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
    if (this.pieces.has(id)) throw new CocoError(`image ${shown(id)} was added before`, 'ValueError');
    this.checkUnchanged(params);
    const own = this.params.clone();
    own.imgIds = [id];
    const lists: Dataset = { images: [image], categories: [], annotations: [] };
    const gt = new COCO({ ...lists, annotations: truths.map((truth, i) => complete(truth, id, i)) });
    const found = results.map((record) => ({ ...record, image_id: id }));
    const dt = new COCO(found.length > 0 ? prepareResults(gt, found) : lists);
    const gtRows = collectRows(gt, 'truth', own, tally);
    const dtRows = collectRows(dt, 'detection', own, tally);
    const input = {
      gt: gtRows,
      dt: dtRows,
      params: own,
      gtByImage: groupByImage(gtRows, 1),
      dtByImage: groupByImage(dtRows, 1),
    };
    tally.overfull += overfullImages(gtRows, input.gtByImage, own.maxDets.at(-1) ?? 0);
    const { count, image: at, category, area, ignore } = gtRows;
    this.pieces.set(id, { matched: matchImages(input, 0, 1), gt: { count, image: at, category, area, ignore } });
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

/** Slots category by category, in each image by image. */
function joinMatched(pieces: readonly Piece[], params: Params): Matched {
  const K = params.catIds.length;
  const A = params.areaRng.length;
  const [fill, mixed, counted] = [new Int32Array(K), new Int32Array(K), new Int32Array(K * A)];
  for (const { matched } of pieces) {
    for (let k = 0; k < K; k++) {
      fill[k]! += matched.fill[k]!;
      mixed[k]! += matched.mixed[k]!;
    }
    for (let i = 0; i < K * A; i++) counted[i]! += matched.counted[i]!;
  }
  const base = new Int32Array(K);
  for (let k = 1; k < K; k++) base[k] = base[k - 1]! + fill[k - 1]!;
  const total = K === 0 ? 0 : base[K - 1]! + fill[K - 1]!;
  const [scores, ranks] = [new Float64Array(total), new Int32Array(total)];
  const [codes, images] = [new Int32Array(total * A), new Int32Array(total)];
  const next = base.slice();
  for (const [image, { matched }] of pieces.entries()) {
    for (let k = 0; k < K; k++) {
      for (let from = matched.base[k]!, end = from + matched.fill[k]!; from < end; from++) {
        const slot = next[k]!++;
        scores[slot] = matched.scores[from]!;
        ranks[slot] = matched.ranks[from]!;
        images[slot] = image;
        for (let a = 0; a < A; a++) codes[slot * A + a] = matched.codes[from * A + a]!;
      }
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
