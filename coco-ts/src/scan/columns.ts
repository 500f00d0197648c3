import type { Category, Dataset, Id, ImageInfo } from '../annotation.js';
import { CocoError } from '../errors.js';
import { decodeJson } from '../json.js';
import type { ScannedDataset } from './document.js';
import { type ByteSource, readRange } from './source.js';
import { type AnnotationTable, HAS } from './table.js';

/** How loadRes reads its records, decided by the first one. */
export type ResultKind = 'box' | 'mask' | 'keypoints';

/** Annotations that are still columns, with the file they came from. */
export interface Columns {
  readonly source: ByteSource;
  readonly table: AnnotationTable;
  /** Null for truths. */
  readonly results: ResultKind | null;
}

/** The record of one row, as it stands in the file. */
export const readRow = ({ source, table }: Columns, row: number): unknown =>
  decodeJson(readRange(source, table.begin[row]!, table.length[row]!));

/** One value of a scanned file; annotations record by record, for their text may be longer than a string can be. */
export function readKey(scanned: ScannedDataset, key: string): unknown {
  const range = scanned.ranges.get(key);
  if (range === undefined) return undefined;
  const { source, annotations } = scanned;
  if (key === 'annotations' && annotations !== null) return readRows({ source, table: annotations, results: null });
  return decodeJson(readRange(source, range.begin, range.length));
}

/** All records, as they stand in the file. */
export function readRows(columns: Columns): unknown[] {
  return Array.from({ length: columns.table.count }, (_, row) => readRow(columns, row));
}

/** The whole file as objects; `images` and `categories` when they have been read before. */
export function readDataset(
  scanned: ScannedDataset,
  images: ImageInfo[] | undefined,
  categories: Category[] | undefined,
): Dataset {
  const known: Record<string, unknown> = { images, categories };
  return Object.fromEntries(
    [...scanned.ranges.keys()].map((key) => [key, known[key] ?? readKey(scanned, key)]),
  ) as Dataset;
}

/**
 * What loadRes makes of a scanned list, as columns; null where the records must be looked at one by one, be it for what they hold or
 * for what they lack.
 * @throws CocoError when a record names an unknown image
 */
export function resultColumns(
  source: ByteSource,
  table: AnnotationTable,
  images: ReadonlyMap<Id, ImageInfo>,
): Columns | null {
  const { count, has, image } = table;
  if (count === 0) return null;
  let last = Number.NaN;
  let every = 0xffff;
  for (let row = 0; row < count; row++) {
    every &= has[row]!;
    const id = image[row]!;
    if (id === last || !(has[row]! & HAS.image)) continue;
    if (!images.has(id))
      throw new CocoError(`Results do not correspond to current coco set: there is no image ${id}`, 'AssertionError');
    last = id;
  }
  if (!(every & HAS.image) || !(every & HAS.category) || table.used & HAS.caption) return null;
  if (every & HAS.box) return boxResults(source, table);
  if (table.used & (HAS.box | HAS.emptyBox)) return null;
  if (every & HAS.rle) return { source, table: Object.assign(table, derived(table)), results: 'mask' };
  if (table.used & HAS.segmentation) return null;
  return every & HAS.keypoints ? pointResults(source, table) : null;
}

/** Ids count from 1; nothing is a crowd. */
function derived(table: AnnotationTable): Partial<AnnotationTable> {
  const { count } = table;
  const id = new Float64Array(count);
  for (let row = 0; row < count; row++) id[row] = row + 1;
  return { id, area: new Float64Array(count), crowd: new Uint8Array(count) };
}

function boxResults(source: ByteSource, table: AnnotationTable): Columns {
  const { boxes, count } = table;
  const columns = derived(table);
  const area = columns.area!;
  for (let row = 0; row < count; row++) area[row] = boxes[4 * row + 2]! * boxes[4 * row + 3]!;
  return { source, table: Object.assign(table, columns), results: 'box' };
}

function pointResults(source: ByteSource, table: AnnotationTable): Columns | null {
  const { points, pointNumbers: per, count, boxes } = table;
  if (per < 3) return null;
  const columns = derived(table);
  const area = columns.area!;
  for (let row = 0; row < count; row++) {
    const at = row * per;
    let x0 = points[at]!;
    let x1 = x0;
    let y0 = points[at + 1]!;
    let y1 = y0;
    // Python's min and max: a later value must be strictly better.
    for (let i = at + 3; i + 1 < at + per; i += 3) {
      const x = points[i]!;
      const y = points[i + 1]!;
      if (x < x0) x0 = x;
      if (x > x1) x1 = x;
      if (y < y0) y0 = y;
      if (y > y1) y1 = y;
    }
    boxes[4 * row] = x0;
    boxes[4 * row + 1] = y0;
    boxes[4 * row + 2] = x1 - x0;
    boxes[4 * row + 3] = y1 - y0;
    area[row] = (x1 - x0) * (y1 - y0);
  }
  return { source, table: Object.assign(table, columns), results: 'keypoints' };
}
