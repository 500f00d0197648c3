import { need } from '../checked.js';
import { CocoError } from '../errors.js';
import { shown } from '../shown.js';

/** One picture of a panoptic pair: a segment id per pixel (0: no label), and the category of each segment. */
export interface PanopticImage {
  readonly ids: Int32Array | Uint32Array;
  readonly segments: readonly { readonly id: number; readonly category: number; readonly iscrowd?: boolean | number }[];
}

/** Panoptic quality of one category, or a mean. */
export interface Quality {
  /** Panoptic quality: segmentation quality times recognition quality. */
  readonly pq: number;
  /** Mean IoU of matched segments. */
  readonly sq: number;
  /** F1 of segments. */
  readonly rq: number;
}

interface Tally {
  tp: number;
  fp: number;
  fn: number;
  iou: number;
}

/** Category of unlabelled pixels. */
const VOID = 0;

/** Panoptic quality of each category that occurs, and the mean over them. */
export interface PanopticQuality {
  readonly mean: Quality;
  readonly perCategory: ReadonlyMap<number, Quality>;
}

/** Pairs are counted as they come, and not kept. */
export interface PanopticTally {
  /** @throws CocoError when the pair has different sizes, or pixels name a segment that is not listed */
  add(truth: PanopticImage, prediction: PanopticImage): void;
  quality(): PanopticQuality;
}

/**
 * Panoptic quality of each category over pairs of truth and prediction, and their mean over categories that occur.
 * Segments match when they share category and have IoU above 0.5, void pixels of the truth left out; predictions that lie mostly in void
 * or in a crowd of their category are not counted as false.
 *
 * @source Kirillov, He, Girshick, Rother, Dollár 2019, arXiv:1801.00868; the counting of panopticapi
 * @throws CocoError when a pair has different sizes, or pixels name a segment that is not listed
 */
export function panopticQuality(
  pairs: Iterable<readonly [truth: PanopticImage, prediction: PanopticImage]>,
): PanopticQuality {
  const tally = tallyPanoptic();
  for (const [truth, prediction] of pairs) tally.add(truth, prediction);
  return tally.quality();
}

/** The same, pair by pair. */
export function tallyPanoptic(): PanopticTally {
  const tallies = new Map<number, Tally>();
  const of = (category: number): Tally => {
    const tally = tallies.get(category) ?? { tp: 0, fp: 0, fn: 0, iou: 0 };
    tallies.set(category, tally);
    return tally;
  };
  return {
    add: (truth, prediction) => countPair(truth, prediction, of),
    quality: () => {
      const perCategory = new Map([...tallies].map(([category, tally]) => [category, quality(tally)]));
      return { mean: meanQuality([...perCategory.values()]), perCategory };
    },
  };
}

/** Mean over categories; NaN of none. */
export function meanQuality(qualities: readonly Quality[]): Quality {
  const mean = (pick: (one: Quality) => number): number =>
    qualities.reduce((sum, one) => sum + pick(one), 0) / qualities.length;
  return { pq: mean((q) => q.pq), sq: mean((q) => q.sq), rq: mean((q) => q.rq) };
}

function quality({ tp, fp, fn, iou }: Tally): Quality {
  const denominator = tp + fp / 2 + fn / 2;
  return { pq: iou / denominator, sq: tp > 0 ? iou / tp : 0, rq: tp / denominator };
}

function countPair(truth: PanopticImage, prediction: PanopticImage, of: (category: number) => Tally): void {
  if (truth.ids.length !== prediction.ids.length) {
    throw new CocoError(
      `a truth of ${truth.ids.length} pixels and a prediction of ${prediction.ids.length} are no pair`,
      'ValueError',
    );
  }
  const gt = new Map(truth.segments.map((segment) => [segment.id, segment]));
  const dt = new Map(prediction.segments.map((segment) => [segment.id, segment]));
  const gtArea = areas(truth.ids, gt, 'truth');
  const dtArea = areas(prediction.ids, dt, 'prediction');
  const shared = new Map<number, Map<number, number>>();
  for (let p = 0; p < truth.ids.length; p++) {
    const [g, d] = [truth.ids[p]!, prediction.ids[p]!];
    if (d === VOID) continue;
    const row = shared.get(d) ?? new Map<number, number>();
    shared.set(d, row.set(g, (row.get(g) ?? 0) + 1));
  }
  const matched = new Set<number>();
  for (const [d, { category }] of dt) {
    const row = shared.get(d) ?? new Map<number, number>();
    const seen = dtArea.get(d) ?? 0;
    const empty = row.get(VOID) ?? 0;
    let crowd = 0;
    let hit = false;
    for (const [g, pixels] of row) {
      const segment = gt.get(g);
      if (segment === undefined || segment.category !== category) continue;
      if (segment.iscrowd) {
        crowd += pixels;
        continue;
      }
      const iou = pixels / (seen + need(gtArea, g) - pixels - empty);
      if (iou <= 0.5) continue;
      const tally = of(category);
      tally.tp++;
      tally.iou += iou;
      matched.add(g);
      hit = true;
    }
    if (!hit && (seen === 0 || (empty + crowd) / seen <= 0.5)) of(category).fp++;
  }
  for (const [g, { category, iscrowd }] of gt) if (!iscrowd && !matched.has(g)) of(category).fn++;
}

function areas(
  ids: Int32Array | Uint32Array,
  segments: ReadonlyMap<number, unknown>,
  side: string,
): Map<number, number> {
  const out = new Map<number, number>();
  for (const id of ids) if (id !== VOID) out.set(id, (out.get(id) ?? 0) + 1);
  for (const id of out.keys())
    if (!segments.has(id))
      throw new CocoError(`pixels of the ${side} name segment ${shown(id)}, which is not listed`, 'KeyError');
  return out;
}
