import type { Matched, MatchInput } from '../evaluation/matcher.js';
import type { Rows } from '../evaluation/rows.js';
import type { Numbers } from '../scan/table.js';
import type { Kernels } from './kernels.js';
import { AT, CATEGORY_LIMIT, IMAGE_ROWS, RANGE_LIMIT, SKELETON_NUMBERS, SKELETON_POINTS } from './layout.js';

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

/**
 * `matchImages` by WebAssembly, for boxes and skeletons.
 * @param thresholds of IoU, as they are compared
 * @param variances of the points of a skeleton; null for boxes
 * @param out of the right lengths, `base` set
 * @returns false where there is no room
 */
export function quickMatch(
  module: Kernels,
  input: MatchInput,
  [firstImage, endImage]: readonly [number, number],
  thresholds: Float64Array,
  variances: Float64Array | null,
  out: Matched,
): boolean {
  const { gt, dt, gtByImage, dtByImage, params } = input;
  const [K, A] = [params.catIds.length, params.areaRng.length];
  const points = variances?.length ?? 0;
  const limit = Math.min(IMAGE_ROWS, points === 0 ? IMAGE_ROWS : Math.floor(SKELETON_NUMBERS / (3 * points)));
  if (K > CATEGORY_LIMIT || A > RANGE_LIMIT || points > SKELETON_POINTS) return false;
  for (const { start } of [gtByImage, dtByImage])
    for (let i = firstImage; i < endImage; i++) if (start[i + 1]! - start[i]! > limit) return false;
  const columns = Object.keys(PLACES) as (keyof typeof PLACES)[];
  let end = AT.OUTCOMES;
  for (const name of columns) {
    module.integers[PLACES[name] / 4] = end;
    end += (out[name].byteLength + 7) & -8;
  }
  if (!module.reserve(end)) return false;
  const { memory, floats, integers } = module;
  const placeOf = (name: keyof typeof PLACES): number => integers[PLACES[name] / 4]!;
  memory.fill(0, AT.OUTCOMES, placeOf('scores'));
  memory.fill(0, AT.FOUND_COUNTS, AT.TOUCHED);
  integers.set(out.base, placeOf('base') / 4);
  integers[AT.THRESHOLDS / 4] = thresholds.length;
  integers[AT.RANGES / 4] = A;
  integers[AT.DETECTION_LIMIT / 4] = params.maxDets[params.maxDets.length - 1]!;
  floats[AT.LEAST / 8] = Math.min(...thresholds);
  floats.set(thresholds, AT.IOU_THRESHOLDS / 8);
  for (const [a, range] of params.areaRng.entries()) {
    floats[AT.LOWS / 8 + a] = range[0]!;
    floats[AT.HIGHS / 8 + a] = range[1]!;
  }
  if (variances !== null) floats.set(variances, AT.VARIANCES / 8);
  const compared = (boxes: number, skeletons: number, rows: Rows, per: number): NumberColumn =>
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
      compared(AT.FOUND_BOXES, AT.FOUND_POINTS, dt, 2),
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
      ...(variances === null ? [] : [compared(AT.TRUTH_BOXES, AT.TRUTH_POINTS, gt, 3)]),
    ],
    bytes: [
      { to: AT.TRUTH_CROWD, column: gt.crowd },
      { to: AT.TRUTH_IGNORE, column: gt.ignore },
    ],
  };
  for (let image = firstImage; image < endImage; image++)
    module.matchImage(image, fill(module, found, image), fill(module, truths, image), points);
  for (const name of columns) {
    const column = out[name];
    const source = column instanceof Float64Array ? floats : module.signed;
    const from = placeOf(name) / column.BYTES_PER_ELEMENT;
    column.set(source.subarray(from, from + column.length));
  }
  return true;
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
