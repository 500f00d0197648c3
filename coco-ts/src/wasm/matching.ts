import { keysOf } from '../checked.js';
import { emptyMatched, type Matched, type MatchInput } from '../evaluation/matched.js';
import type { Params } from '../evaluation/params.js';
import type { Rows } from '../evaluation/rows.js';
import { oksVariances } from '../evaluation/similarity.js';
import type { Numbers } from '../scan/table.js';
import { type Kernels, kernels } from './kernels.js';
import { AT, CATEGORY_LIMIT, IMAGE_ROWS, RANGE_LIMIT, SKELETON_NUMBERS, SKELETON_POINTS } from './layout.js';
import { imageMasks } from './maskHost.js';

/** Where a column goes, what it is, numbers per row. */
interface NumberColumn {
  readonly to: number;
  readonly column: Numbers | Float64Array;
  readonly per: number;
}

/** Columns of one side, each with its place in the module's memory. */
interface Side {
  readonly rows: Rows;
  readonly order: Int32Array;
  readonly start: Int32Array;
  readonly categories: number;
  readonly columns: readonly NumberColumn[];
  readonly bytes: readonly { readonly to: number; readonly column: Uint8Array }[];
}

const variancesOf = ({ iouType, kpt_oks_sigmas }: Params): Float64Array | null =>
  iouType === 'keypoints' ? oksVariances(kpt_oks_sigmas) : null;

/** How `matchImage` compares: by boxes, masks, masks and their boundaries, or so many points of a skeleton. */
function comparison({ gt, dt }: MatchInput, points: number): number {
  if (dt.masks === null || gt.masks === null) return points;
  return dt.edges === null || gt.edges === null ? -1 : -2;
}

/** `matchImages` by WebAssembly; null where that is not there, or has no room. */
export function quickMatch(input: MatchInput, firstImage: number, endImage: number): Matched | null {
  const module = kernels();
  if (module === null) return null;
  const { gt, dt, gtByImage, dtByImage, params } = input;
  const [K, A] = [params.catIds.length, params.areaRng.length];
  const variances = variancesOf(params);
  const points = variances?.length ?? 0;
  const limit = Math.min(IMAGE_ROWS, points === 0 ? IMAGE_ROWS : Math.floor(SKELETON_NUMBERS / (3 * points)));
  if (K > CATEGORY_LIMIT || A > RANGE_LIMIT || points > SKELETON_POINTS) return null;
  for (const { start } of [gtByImage, dtByImage])
    for (let i = firstImage; i < endImage; i++) if (start[i + 1]! - start[i]! > limit) return null;
  const out = emptyMatched(input, firstImage, endImage);
  const columns = keysOf(PLACES);
  let end = AT.OUTCOMES;
  for (const name of columns) {
    module.integers[PLACES[name] / 4] = end;
    end += (out[name].byteLength + 7) & -8;
  }
  if (!module.reserve(end)) return null;
  const { memory, floats, integers, views } = module;
  const placeOf = (name: keyof typeof PLACES): number => integers[PLACES[name] / 4]!;
  memory.fill(0, AT.OUTCOMES, placeOf('scores'));
  views.FOUND_COUNTS.fill(0);
  views.TRUTH_COUNTS.fill(0);
  integers.set(out.base, placeOf('base') / 4);
  const thresholds = Float64Array.from(params.iouThrs, (threshold) => Math.min(threshold, 1 - 1e-10));
  views.THRESHOLDS[0] = thresholds.length;
  views.RANGES[0] = A;
  views.DETECTION_LIMIT[0] = params.maxDets.at(-1)!;
  views.LEAST[0] = Math.min(...thresholds);
  views.IOU_THRESHOLDS.set(thresholds);
  for (const [a, range] of params.areaRng.entries()) {
    views.LOWS[a] = range[0];
    views.HIGHS[a] = range[1];
  }
  if (variances !== null) views.VARIANCES.set(variances);
  const boxesOr = (boxes: number, skeletons: number, rows: Rows, per: number): NumberColumn =>
    variances === null
      ? { to: boxes, column: rows.boxes, per: 4 }
      : { to: skeletons, column: rows.keypoints!, per: per * points };
  const found: Side = {
    rows: dt,
    ...dtByImage,
    categories: AT.FOUND_CATEGORIES,
    bytes: [],
    columns: [
      { to: AT.FOUND_AREAS, column: dt.area, per: 1 },
      { to: AT.FOUND_IDS, column: dt.id, per: 1 },
      { to: AT.FOUND_SCORES, column: dt.score, per: 1 },
      boxesOr(AT.FOUND_BOXES, AT.FOUND_POINTS, dt, 2),
    ],
  };
  const truths: Side = {
    rows: gt,
    ...gtByImage,
    categories: AT.TRUTH_CATEGORIES,
    columns: [
      { to: AT.TRUTH_AREAS, column: gt.area, per: 1 },
      { to: AT.TRUTH_IDS, column: gt.id, per: 1 },
      { to: AT.TRUTH_BOXES, column: gt.boxes, per: 4 },
      ...(variances === null ? [] : [boxesOr(AT.TRUTH_BOXES, AT.TRUTH_POINTS, gt, 3)]),
    ],
    bytes: [
      { to: AT.TRUTH_CROWD, column: gt.crowd },
      { to: AT.TRUTH_IGNORE, column: gt.ignore },
    ],
  };
  const compared = comparison(input, points);
  const masks = compared < 0 ? imageMasks(module, input) : null;
  if (masks !== null) module.masks = masks;
  for (let image = firstImage; image < endImage; image++) {
    masks?.nextImage(image);
    module.matchImage(image, fill(module, found, image), fill(module, truths, image), compared);
  }
  for (const name of columns) {
    const column = out[name];
    const source = column instanceof Float64Array ? floats : module.signed;
    const from = placeOf(name) / column.BYTES_PER_ELEMENT;
    column.set(source.subarray(from, from + column.length));
  }
  return out;
}

/** The columns of `Matched`; those before the scores start as 0. */
const PLACES = {
  base: AT.OUT_BASE,
  fill: AT.OUT_FILL,
  mixed: AT.OUT_MIXED,
  counted: AT.OUT_COUNTED,
  scores: AT.OUT_SCORES,
  ranks: AT.OUT_RANKS,
  codes: AT.OUT_CODES,
  images: AT.OUT_IMAGES,
} as const;

/** Puts the rows of an image in place. @returns how many there are */
function fill({ floats, integers, memory }: Kernels, side: Side, image: number): number {
  const { rows, order, start, categories, columns, bytes } = side;
  const begin = start[image]!;
  const n = start[image + 1]! - begin;
  if (n === 0) return 0;
  const first = order[begin]!;
  // The rows of an image mostly follow each other.
  if (order[begin + n - 1]! - first !== n - 1) return gather(floats, integers, memory, side, begin, n);
  integers.set(rows.category.subarray(first, first + n), categories / 4);
  for (let c = 0; c < columns.length; c++) {
    const { to, column, per } = columns[c]!;
    floats.set(column.subarray(per * first, per * (first + n)), to / 8);
  }
  for (let c = 0; c < bytes.length; c++) memory.set(bytes[c]!.column.subarray(first, first + n), bytes[c]!.to);
  return n;
}

function gather(
  floats: Float64Array,
  integers: Uint32Array,
  memory: Uint8Array,
  { rows, order, categories, columns, bytes }: Side,
  begin: number,
  n: number,
): number {
  for (let i = 0; i < n; i++) integers[categories / 4 + i] = rows.category[order[begin + i]!]!;
  for (const { to, column, per } of columns) {
    for (let i = 0; i < n; i++) {
      const from = per * order[begin + i]!;
      for (let c = 0; c < per; c++) floats[to / 8 + per * i + c] = column[from + c]!;
    }
  }
  for (const { to, column } of bytes) for (let i = 0; i < n; i++) memory[to + i] = column[order[begin + i]!]!;
  return n;
}
