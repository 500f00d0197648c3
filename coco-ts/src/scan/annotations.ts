import { JsonError } from '../errors.js';
import { shown } from '../shown.js';
import { deriveResult } from './derived.js';
import { END, INCOMPLETE, readDecimal, readId, readNumber, UNSCANNABLE } from './number.js';
import { scanPoints } from './points.js';
import { scanRle } from './rle.js';
import { type AnnotationTable, HAS } from './table.js';
import { expectByte, skipBlank, skipString, skipValue } from './value.js';

/** Four letters as the little-endian number a DataView reads. */
const word = (text: string): number => [...text].reduce((sum, letter, i) => sum + letter.charCodeAt(0) * 256 ** i, 0);
const IMAG = word('imag');
const E_ID = word('e_id');
const CATE = word('cate');
const GORY = word('gory');
const _ID = word('_id"');
const BBOX = word('bbox');
const SCOR = word('scor');
const AREA = word('area');
const ID = word('id"');
const ISCR = word('iscr');
const OWD = word('owd"');
const SEGM = word('segm');
const ENTA = word('enta');
const TION = word('tion');
const KEYP = word('keyp');
const OINT = word('oint');
const NUM_ = word('num_');
const CAPT = word('capt');
const ION = word('ion"');
const S = word('s"');
const E = word('e"');

const KEY_LENGTH: Readonly<Record<number, number>> = {
  [HAS.id]: 2,
  [HAS.image]: 8,
  [HAS.category]: 11,
  [HAS.score]: 5,
  [HAS.area]: 4,
  [HAS.box]: 4,
  [HAS.crowd]: 7,
  [HAS.segmentation]: 12,
  [HAS.keypoints]: 9,
  [HAS.keypointCount]: 13,
  [HAS.caption]: 7,
};

/** Which key starts at k: a bit of HAS, or 0 for one without a column. */
function keyAt(view: DataView, k: number): number {
  const w = view.getInt32(k, true);
  switch (w) {
    case IMAG:
      return view.getInt32(k + 4, true) === E_ID && view.getUint8(k + 8) === 34 ? HAS.image : 0;
    case CATE:
      return view.getInt32(k + 4, true) === GORY && view.getInt32(k + 8, true) === _ID ? HAS.category : 0;
    case BBOX:
      return view.getUint8(k + 4) === 34 ? HAS.box : 0;
    case SCOR:
      return view.getUint16(k + 4, true) === E ? HAS.score : 0;
    case AREA:
      return view.getUint8(k + 4) === 34 ? HAS.area : 0;
    case ISCR:
      return view.getInt32(k + 4, true) === OWD ? HAS.crowd : 0;
    case SEGM:
      return view.getInt32(k + 4, true) === ENTA && view.getInt32(k + 8, true) === TION && view.getUint8(k + 12) === 34
        ? HAS.segmentation
        : 0;
    case KEYP:
      return view.getInt32(k + 4, true) === OINT && view.getUint16(k + 8, true) === S ? HAS.keypoints : 0;
    case NUM_:
      return view.getInt32(k + 4, true) === KEYP &&
        view.getInt32(k + 8, true) === OINT &&
        view.getUint16(k + 12, true) === S
        ? HAS.keypointCount
        : 0;
    case CAPT:
      return view.getInt32(k + 4, true) === ION ? HAS.caption : 0;
    default:
      return (w & 0xffffff) === ID ? HAS.id : 0;
  }
}

/**
 * Reads annotation objects of a list into the table, from p (after the opening bracket or a comma) on.
 *
 * @param base position of b[0] in the file
 * @returns the position after the closing bracket; when the bytes end before it, -1 minus the start of the first object that
 *   is not complete
 */
export function scanAnnotations(
  b: Uint8Array,
  view: DataView,
  p: number,
  base: number,
  table: AnnotationTable,
): number {
  let start = p;
  try {
    for (;;) {
      const next = scanNext(b, view, start, base, table);
      if (next < 0) return -next;
      start = next;
    }
  } catch (error) {
    if (error === INCOMPLETE) return -1 - start;
    throw error;
  }
}

/**
 * Reads the object at p or the end of the list.
 *
 * @returns the position after the comma; after the closing bracket negated
 * @throws INCOMPLETE when the bytes end before either; the object is to be read again with what comes after it
 */
export function scanNext(b: Uint8Array, view: DataView, p: number, base: number, table: AnnotationTable): number {
  while (b[p]! <= 32) p++;
  if (b[p] === 93 && table.count === 0) return -(p + 1);
  p = scanOne(b, view, p, base, table);
  while (b[p]! <= 32) p++;
  const c = b[p]!;
  if (c === END) {
    table.count--;
    throw INCOMPLETE;
  }
  if (c === 93) return -(p + 1);
  if (c !== 44) throw new JsonError(`unexpected ${shown(String.fromCharCode(c))} after an annotation`, p);
  return p + 1;
}

function scanOne(b: Uint8Array, view: DataView, p: number, base: number, table: AnnotationTable): number {
  const begin = p;
  if (table.count === table.capacity) table.grow();
  const row = table.count;
  const { has, image, category, score, boxes, area, id } = table;
  let bits = 0;
  p = skipBlank(b, expectByte(b, p, 123));
  if (b[p] === 125) p++;
  else {
    for (;;) {
      if (b[p] !== 34) expectByte(b, p, 34);
      const k = p + 1;
      const key = keyAt(view, k);
      p = key === 0 ? skipString(b, p) : k + KEY_LENGTH[key]! + 1;
      while (b[p]! <= 32) p++;
      if (b[p] !== 58) expectByte(b, p, 58);
      p++;
      while (b[p]! <= 32) p++;
      bits |= key;
      if (key === HAS.box) {
        p = readBox(b, view, p, boxes, 4 * row);
        if (p < 0) {
          p = -p;
          bits = (bits & ~HAS.box) | HAS.emptyBox;
        }
      } else if (key === HAS.image) {
        p = readId(b, p, image, row);
      } else if (key === HAS.category) {
        p = readId(b, p, category, row);
      } else if (key === HAS.score) {
        p = readNumber(b, p, score, row);
      } else if (key === HAS.area) {
        p = readNumber(b, p, area, row);
      } else if (key === HAS.id) {
        p = readId(b, p, id, row);
      } else if (key === 0) p = skipValue(b, p);
      else p = scanRare(b, view, p, begin, key, row, table);
      while (b[p]! <= 32) p++;
      const c = b[p]!;
      if (c === 44) {
        p++;
        while (b[p]! <= 32) p++;
      } else if (c === 125) {
        p++;
        break;
      } else if (c === END) throw INCOMPLETE;
      else throw new JsonError(`unexpected ${shown(String.fromCharCode(c))} in an annotation`, p);
    }
  }
  if (table.maskHeight[row] !== 0 && bits & HAS.segmentation) bits |= HAS.rle;
  has[row] = bits;
  table.used |= bits;
  table.begin[row] = base + begin;
  table.length[row] = p - begin;
  if (table.keepValues) deriveResult(table, row);
  table.count = row + 1;
  return p;
}

/** A list of 4 numbers into out. @returns the byte after it, negative when the list is empty */
function readBox(b: Uint8Array, view: DataView, p: number, out: Float64Array, offset: number): number {
  if (b[p] !== 91) throw b[p] === END ? INCOMPLETE : UNSCANNABLE;
  p++;
  while (b[p]! <= 32) p++;
  if (b[p] === 93) return -(p + 1);
  for (let i = 0; i < 4; i++) {
    p = readDecimal(b, view, p, out, offset + i);
    while (b[p]! <= 32) p++;
    const c = b[p]!;
    if (c === (i < 3 ? 44 : 93)) p++;
    else if (c === 44 || c === 93) throw UNSCANNABLE;
    else expectByte(b, p, 93);
    if (i === 3) return p;
    while (b[p]! <= 32) p++;
  }
  return p;
}

const flag = new Float64Array(1);

function scanRare(
  b: Uint8Array,
  view: DataView,
  p: number,
  begin: number,
  key: number,
  row: number,
  table: AnnotationTable,
): number {
  if (key === HAS.crowd) {
    const c = b[p];
    if (c !== 116 && c !== 102) p = readNumber(b, p, flag, 0);
    else p = skipValue(b, p);
    table.crowd[row] = c === 116 || (c !== 102 && flag[0] !== 0) ? 1 : 0;
    return p;
  }
  if (key === HAS.keypointCount) return readNumber(b, p, table.keypointCount, row);
  if (key === HAS.segmentation) {
    table.maskHeight[row] = 0;
    // The masks of results are kept, those of truths read again when masks are compared.
    const end = table.keepValues && b[p] === 123 ? scanRle(b, view, p, row, table) : skipValue(b, p);
    table.segmentationAt[row] = p - begin;
    table.segmentationLength[row] = end - p;
    return end;
  }
  if (key !== HAS.keypoints) return skipValue(b, p);
  const end = table.keepValues ? scanPoints(b, view, p, row, table) : skipValue(b, p);
  table.keypointsAt[row] = p - begin;
  table.keypointsLength[row] = end - p;
  return end;
}

/** Calls read for every number of a list, which returns the byte after it. @returns the byte after the list */
export function readNumbers(b: Uint8Array, p: number, read: (index: number, p: number) => number): number {
  if (b[p] !== 91) throw b[p] === END ? INCOMPLETE : UNSCANNABLE;
  p = skipBlank(b, p + 1);
  if (b[p] === 93) return p + 1;
  for (let i = 0; ; i++) {
    p = read(i, p);
    while (b[p]! <= 32) p++;
    if (b[p] === 93) return p + 1;
    p = expectByte(b, p, 44);
    while (b[p]! <= 32) p++;
  }
}
