import type { Dataset, Id } from '../annotation.js';
import type { CocoError } from '../errors.js';
import { decodeJson } from '../json.js';
import type { ScannedDataset } from './document.js';
import { eachValue } from './ranges.js';
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

/** One value of a scanned file; annotations record by record, for their text may be longer than a string can be. */
export function readKey(scanned: ScannedDataset, key: string): unknown {
  const range = scanned.ranges.get(key);
  if (range === undefined) return undefined;
  const { source, annotations } = scanned;
  if (key === 'annotations' && annotations !== null) return readRows({ source, table: annotations, results: null });
  return decodeJson(readRange(source, range.begin, range.length));
}

/** All records, as they stand in the file, in one pass over it. */
export function readRows({ source, table }: Columns): unknown[] {
  const out: unknown[] = new Array(table.count);
  const place = (row: number) => ({ begin: table.begin[row]!, length: table.length[row]! });
  eachValue(source, out.keys(), place, (row, b, p, length) => {
    out[row] = decodeJson(b.subarray(p, p + length));
  });
  return out;
}

/** The whole file as objects. */
export const readDataset = (scanned: ScannedDataset): Dataset =>
  Object.fromEntries([...scanned.ranges.keys()].map((key) => [key, readKey(scanned, key)]));

/**
 * What loadRes makes of a scanned list, as columns; null where the records must be looked at one by one, be it for what they hold or
 * for what they lack.
 * @param refuse the error for a record that names an unknown image
 */
export function resultColumns(
  source: ByteSource,
  table: AnnotationTable,
  images: ReadonlySet<Id>,
  refuse: (id: Id) => CocoError,
): Columns | null {
  const { count, has, image } = table;
  if (count === 0) return null;
  let last = Number.NaN;
  let every = 0xffff;
  for (let row = 0; row < count; row++) {
    every &= has[row]!;
    const id = image[row]!;
    if (id === last || !(has[row]! & HAS.image)) continue;
    if (!images.has(id)) throw refuse(id);
    last = id;
  }
  if (!(every & HAS.image) || !(every & HAS.category) || table.used & HAS.caption) return null;
  if (every & HAS.box) return { source, table, results: 'box' };
  if (table.used & (HAS.box | HAS.emptyBox)) return null;
  if (every & HAS.rle) return { source, table, results: 'mask' };
  if (table.used & HAS.segmentation) return null;
  const whole = every & HAS.keypoints && table.pointNumbers >= 3 && table.pointNumbers % 3 === 0;
  return whole ? { source, table, results: 'keypoints' } : null;
}
