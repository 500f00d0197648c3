import { MaskError } from '../errors.js';
import { checkSize } from '../mask/runs.js';
import { END, INCOMPLETE, readNumber, UNSCANNABLE } from './number.js';
import type { AnnotationTable } from './table.js';
import { expectByte, skipBlank, skipString, skipValue } from './value.js';

const SIZE = 0x657a6973; // the letters as little-endian numbers
const COUN = 0x6e756f63;
const TS = 0x227374; // ts"

/** Reads {"size": [h, w], "counts": "..."} into the table's pool. @returns the byte after the object */
export function scanRle(b: Uint8Array, view: DataView, p: number, row: number, table: AnnotationTable): number {
  let sized = false;
  let counted = false;
  p = skipBlank(b, expectByte(b, p, 123));
  for (;;) {
    if (b[p] !== 34) expectByte(b, p, 34);
    const word = view.getInt32(p + 1, true);
    const isSize = word === SIZE && b[p + 5] === 34;
    const isCounts = word === COUN && (view.getInt32(p + 5, true) & 0xffffff) === TS;
    p = isSize ? p + 6 : isCounts ? p + 8 : skipString(b, p);
    p = skipBlank(b, expectByte(b, skipBlank(b, p), 58));
    if (isSize) {
      p = readSize(b, p);
      if (!(isSmall(sizes[0]!) && isSmall(sizes[1]!))) checkSize([...sizes]);
      sized = true;
    } else if (isCounts) {
      if (b[p] !== 34) throw b[p] === END ? INCOMPLETE : UNSCANNABLE;
      p = copyCounts(b, p + 1, row, table);
      counted = true;
    } else p = skipValue(b, p);
    p = skipBlank(b, p);
    if (b[p] === 125) break;
    p = skipBlank(b, expectByte(b, p, 44));
  }
  if (!sized || !counted || sizes[0] === 0) throw UNSCANNABLE;
  table.maskHeight[row] = sizes[0]!;
  table.maskWidth[row] = sizes[1]!;
  return p + 1;
}

/** A side that needs no further look. */
const isSmall = (side: number): boolean => (side & 0xffff) === side;

const sizes = new Float64Array(2);

/** [height, width] into sizes. */
function readSize(b: Uint8Array, p: number): number {
  if (b[p] !== 91) throw b[p] === END ? INCOMPLETE : UNSCANNABLE;
  p = skipBlank(b, readNumber(b, skipBlank(b, p + 1), sizes, 0));
  p = skipBlank(b, readNumber(b, skipBlank(b, expectByte(b, p, 44)), sizes, 1));
  if (b[p] !== 93) throw UNSCANNABLE;
  return p + 1;
}

/** Copies the characters of a string; the backslash, itself one of them, is written twice in JSON. */
function copyCounts(b: Uint8Array, p: number, row: number, table: AnnotationTable): number {
  const start = p;
  const begin = table.poolUsed;
  let { pool } = table;
  let out = begin;
  for (let c = b[p]!; c !== 34; c = b[++p]!) {
    if (c < 48 || c > 111) {
      if (c === END) throw INCOMPLETE;
      throw new MaskError(`RLE counts have an invalid character at ${p - start}`, 'ValueError');
    }
    if (c === 92 && b[++p] !== 92) throw b[p] === END ? INCOMPLETE : UNSCANNABLE;
    if (out === pool.length) {
      table.poolUsed = out;
      table.reservePool(1);
      table.poolUsed = begin;
      ({ pool } = table);
    }
    pool[out++] = c;
  }
  table.poolAt[row] = begin;
  table.poolLength[row] = out - begin;
  table.poolUsed = out;
  return p + 1;
}
