import type { Annotated } from '../annotated.js';
import { CocoError } from '../errors.js';
import { decodeJson } from '../json.js';
import { boundaryPool } from '../mask/boundary.js';
import { type Masks, measure, StringPool } from '../mask/pool.js';
import { lookUp } from '../query.js';
import type { Columns } from '../scan/columns.js';
import { spannedBoxes } from '../scan/derived.js';
import { wrongPoints } from '../scan/points.js';
import { eachValue, readMasks, readPoints } from '../scan/ranges.js';
import { type AnnotationTable, HAS, type Numbers } from '../scan/table.js';
import { labelledPoints, missing, segmentationArea, type Tally } from './derived.js';
import type { Params } from './params.js';
import { coordinates, positions, type Rows, type Side } from './rows.js';

/**
 * Rows straight from the columns of a scanned file; null where only the records will do, which is when ids repeat, for the
 * reference then takes one record for another.
 * @param tally counts what was derived
 */
export function columnRows(coco: Annotated, columns: Columns, side: Side, params: Params, tally: Tally): Rows | null {
  const { table, results, source } = columns;
  const { count } = table;
  if (results === null && !uniqueIds(table)) return null;
  const image = indexColumn(table.image, count, positions(params.imgIds));
  const category = indexColumn(table.category, count, positions(params.catIds));
  const wanted: number[] = [];
  const lacking: number[] = [];
  const type = params.iouType;
  const needed = neededBits(side, type, results !== null);
  const derivable = derivableBits(side, type, results !== null);
  const read = type === 'keypoints' ? !atHand(columns, side) : type !== 'bbox';
  for (let r = 0; r < count; r++) {
    const bits = table.has[r]!;
    if (!(bits & HAS.category)) category[r] = -1;
    if (image[r]! < 0 || category[r]! < 0) continue;
    if ((bits & needed) !== needed) requireFields(table, r, needed);
    if ((bits & derivable) !== derivable) lacking.push(r);
    if (read) wanted.push(r);
  }
  const per = 3 * params.kpt_oks_sigmas.length;
  const keypoints = type === 'keypoints' ? points(columns, side, wanted, per) : null;
  const without = (bit: number): number[] => (derivable & bit ? lacking.filter((r) => !(table.has[r]! & bit)) : []);
  tally.iscrowd += without(HAS.crowd).length;
  const ignore =
    side === 'detection'
      ? new Uint8Array(0)
      : keypoints === null
        ? table.crowd
        : ignoredSkeletons(table, without(HAS.keypointCount), keypoints, per, tally);
  const area = completeAreas(columns, without(HAS.area), tally);
  const imageOf = (row: number) => lookUp(coco.imgs, params.imgIds[image[row]!]!, 'image');
  const masked = type === 'segm' || type === 'boundary';
  const masks = masked ? (kept(table, results) ?? readMasks(source, table, wanted, imageOf)) : null;
  const spanned = type === 'bbox' && results === 'keypoints';
  const boxes = masks ? new Float64Array(4 * count) : spanned ? spannedBoxes(table) : table.boxes;
  if (masks) measure(masks, wanted, results === 'mask' ? table.area : null, boxes);
  else if (results === 'mask') measure(kept(table, results)!, everyRow(count), table.area, boxes);
  return {
    count,
    id: table.id,
    names: null,
    image,
    category,
    area,
    score: table.score,
    crowd: table.crowd,
    ignore,
    boxes,
    masks,
    edges: masks && type === 'boundary' ? boundaryPool(masks, count, wanted) : null,
    keypoints,
  };
}

const everyRow = (count: number): number[] => Array.from({ length: count }, (_, r) => r);

/** Results keep their compressed masks, if all of them have one. */
function kept(table: AnnotationTable, results: Columns['results']): Masks | null {
  if (results === null || !(table.used & HAS.rle)) return null;
  for (let r = 0; r < table.count; r++) if (!(table.has[r]! & HAS.rle)) return null;
  return new StringPool(table.pool, table.poolAt, table.poolLength, table.maskHeight, table.maskWidth);
}

/** Results have their coordinates at hand; the visibility of truths stands in the file. */
const atHand = ({ table, results }: Pick<Columns, 'table' | 'results'>, side: Side): boolean =>
  side === 'detection' && results !== null && table.pointNumbers > 0;

function points({ table, source, results }: Columns, side: Side, wanted: readonly number[], per: number): Numbers {
  if (!atHand({ table, results }, side)) {
    const numbers = readPoints(source, table, wanted, per);
    return side === 'truth' ? numbers : coordinates(numbers);
  }
  if (table.pointNumbers !== per && table.count > 0)
    throw new CocoError(wrongPoints(table.id[0]!, table.pointNumbers, per), 'ValueError');
  return table.points;
}

/** Marks skeletons to ignore: crowds, and those without a labelled point. */
function ignoredSkeletons(
  table: AnnotationTable,
  uncounted: readonly number[],
  keypoints: Numbers,
  per: number,
  tally: Tally,
): Uint8Array {
  const out = table.crowd.map((crowd, r) => (crowd || (r < table.count && table.keypointCount[r] === 0) ? 1 : 0));
  for (const r of uncounted) out[r] = table.crowd[r] || labelledPoints(keypoints, r * per, per) === 0 ? 1 : 0;
  tally.num_keypoints += uncounted.length;
  return out;
}

/** The areas, with those that some rows lack taken from their segmentations or boxes. */
function completeAreas({ source, table }: Columns, rows: readonly number[], tally: Tally): Float64Array {
  if (rows.length === 0) return table.area;
  tally.area += rows.length;
  const area = table.area.slice();
  const boxArea = (r: number): number => {
    if (!(table.has[r]! & HAS.box)) throw missing(table.id[r]!, 'area');
    return table.boxes[4 * r + 2]! * table.boxes[4 * r + 3]!;
  };
  const segmented = rows.filter((r) => table.has[r]! & HAS.segmentation);
  for (const r of rows) if (!(table.has[r]! & HAS.segmentation)) area[r] = boxArea(r);
  const place = (r: number) => ({
    begin: table.begin[r]! + table.segmentationAt[r]!,
    length: table.segmentationLength[r]!,
  });
  eachValue(source, segmented, place, (r, b, p, length) => {
    area[r] = segmentationArea(decodeJson(b.subarray(p, p + length))) ?? boxArea(r);
  });
  return area;
}

function neededBits(side: Side, type: Params['iouType'], results: boolean): number {
  // The boxes of results are always known: given, or made by loadRes.
  const box = !results && (type === 'bbox' || (type === 'keypoints' && side === 'truth')) ? HAS.box : 0;
  if (side === 'detection') return HAS.score | box;
  return (results ? 0 : HAS.id) | box;
}

/** What is made up for where it is missing; loadRes gives results all but the count of keypoints. */
function derivableBits(side: Side, type: Params['iouType'], results: boolean): number {
  const area = results ? 0 : HAS.area;
  if (side === 'detection') return area;
  return area | (results ? 0 : HAS.crowd) | (type === 'keypoints' ? HAS.keypointCount : 0);
}

const NAMES: readonly (readonly [number, string])[] = [
  [HAS.id, 'id'],
  [HAS.score, 'score'],
  [HAS.box, 'bbox'],
];

function requireFields(table: AnnotationTable, r: number, needed: number): void {
  const name = NAMES.find(([bit]) => needed & bit && !(table.has[r]! & bit))?.[1];
  if (name !== undefined) throw missing(table.id[r]!, name);
}

/** Whether every row has an id of its own. */
function uniqueIds({ id, count, has }: AnnotationTable): boolean {
  let rising = true;
  for (let r = 0; r < count; r++) {
    if (!(has[r]! & HAS.id)) return false;
    if (r > 0 && !(id[r]! > id[r - 1]!)) rising = false;
  }
  if (rising) return true;
  const sorted = id.slice(0, count).sort();
  for (let r = 1; r < count; r++) if (sorted[r] === sorted[r - 1]) return false;
  return true;
}

/** Positions of the ids in a column, -1 where there is none. Neighbouring rows often share an image. */
function indexColumn(ids: Float64Array, count: number, index: ReadonlyMap<unknown, number>): Int32Array {
  const out = new Int32Array(count);
  const table = smallTable(index);
  let last = Number.NaN;
  let found = -1;
  for (let r = 0; r < count; r++) {
    const id = ids[r]!;
    if (table !== null) {
      out[r] = table[id] ?? -1;
      continue;
    }
    if (id !== last) {
      last = id;
      found = index.get(id) ?? -1;
    }
    out[r] = found;
  }
  return out;
}

/** A plain array in place of the map where all ids are small whole numbers. */
function smallTable(index: ReadonlyMap<unknown, number>): Int32Array | null {
  const limit = 4096;
  let most = 0;
  for (const id of index.keys()) {
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= limit) return null;
    most = Math.max(most, id);
  }
  const out = new Int32Array(most + 1).fill(-1);
  for (const [id, position] of index) out[id as number] = position;
  return out;
}
