import { MaskError } from '../errors.js';
import { checkSize } from '../mask/runs.js';
import { END, INCOMPLETE, readNumber, UNSCANNABLE } from './number.js';
import type { AnnotationTable } from './table.js';
import { expectByte, skipBlank, skipString, skipValue } from './value.js';

const SIZE = [...'size'].map((letter) => letter.charCodeAt(0));
const COUNTS = [...'counts'].map((letter) => letter.charCodeAt(0));

function isKey(b: Uint8Array, from: number, to: number, key: readonly number[]): boolean {
  if (to - from !== key.length) return false;
  for (let i = 0; i < key.length; i++) if (b[from + i] !== key[i]) return false;
  return true;
}

/** Reads {"size": [h, w], "counts": "..."} into the table's pool. @returns the byte after the object */
export function scanRle(b: Uint8Array, p: number, row: number, table: AnnotationTable): number {
  let size: readonly [number, number] | null = null;
  let counted = false;
  p = skipBlank(b, expectByte(b, p, 123));
  for (;;) {
    if (b[p] !== 34) expectByte(b, p, 34);
    const keyStart = p + 1;
    p = skipString(b, p);
    const isSize = isKey(b, keyStart, p - 1, SIZE);
    const isCounts = !isSize && isKey(b, keyStart, p - 1, COUNTS);
    p = skipBlank(b, expectByte(b, skipBlank(b, p), 58));
    if (isSize) {
      p = readSize(b, p);
      size = checkSize([...sizes]);
    } else if (isCounts) {
      if (b[p] !== 34) throw UNSCANNABLE;
      p = copyCounts(b, p + 1, row, table);
      counted = true;
    } else p = skipValue(b, p);
    p = skipBlank(b, p);
    if (b[p] === 125) break;
    p = skipBlank(b, expectByte(b, p, 44));
  }
  if (size === null || !counted || size[0] === 0) throw UNSCANNABLE;
  table.maskHeight[row] = size[0];
  table.maskWidth[row] = size[1];
  return p + 1;
}

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
  while (b[p] !== 34 && b[p] !== END) p += b[p] === 92 ? 2 : 1;
  if (b[p] === END) throw INCOMPLETE;
  table.reservePool(p - start);
  const { pool, poolUsed } = table;
  let out = poolUsed;
  for (let i = start; i < p; i++) {
    const c = b[i]!;
    if (c < 48 || c > 111) throw new MaskError(`RLE counts have an invalid character at ${i - start}`, 'ValueError');
    if (c === 92 && b[++i] !== 92) throw UNSCANNABLE;
    pool[out++] = c;
  }
  table.poolAt[row] = poolUsed;
  table.poolLength[row] = out - poolUsed;
  table.poolUsed = out;
  return p + 1;
}
