import type { Id } from '../annotation.js';
import { shown } from '../shown.js';
import { END, INCOMPLETE, readDecimal, readNumber, UNSCANNABLE } from './number.js';
import type { AnnotationTable } from './table.js';
import { expectByte, skipBlank } from './value.js';

/** Keeps x and y of the points; the visibility is passed over. The first row's number of keypoints is every row's. */
export function scanPoints(b: Uint8Array, view: DataView, p: number, row: number, table: AnnotationTable): number {
  if (b[p] !== 91) throw b[p] === END ? INCOMPLETE : UNSCANNABLE;
  const per = table.pointNumbers;
  const most = per > 0 ? per : MOST_POINT_NUMBERS;
  p = skipBlank(b, p + 1);
  let n = 0;
  let kept = 0;
  for (; ; n++) {
    if (n === most) throw UNSCANNABLE;
    p = n % 3 === 2 ? skipNumber(b, p) : readDecimal(b, view, p, rowPoints, kept++);
    while (b[p]! <= 32) p++;
    const c = b[p]!;
    if (c === 93) break;
    if (c !== 44) expectByte(b, p, 44);
    p++;
    while (b[p]! <= 32) p++;
  }
  n++;
  if (per > 0 ? n !== per : row > 0) throw UNSCANNABLE;
  table.pointNumbers = n;
  const first = row * kept;
  table.growPoints(first + kept);
  const values = rowPoints.subarray(0, kept);
  if (values.some((value) => Math.fround(value) !== value)) table.widenPoints(first);
  table.points.set(values, first);
  return p + 1;
}

/** More numbers than these in one row are read as objects. */
const MOST_POINT_NUMBERS = 3 * 1024;
const rowPoints = new Float64Array((MOST_POINT_NUMBERS / 3) * 2);

const ignored = new Float64Array(1);

/** The byte after a number whose value does not matter. */
function skipNumber(b: Uint8Array, p: number): number {
  let q = b[p] === 45 ? p + 1 : p;
  const start = q;
  let c = b[q]!;
  while (c >= 48 && c <= 57) c = b[++q]!;
  if (q === start) return readNumber(b, p, ignored, 0);
  if (c === 46) {
    const point = q;
    do c = b[++q]!;
    while (c >= 48 && c <= 57);
    if (q === point + 1) return readNumber(b, p, ignored, 0);
  }
  return c === 101 || c === 69 ? readNumber(b, p, ignored, 0) : q;
}

/** The sentence for a row whose keypoints do not fit kpt_oks_sigmas. */
export const wrongPoints = (id: Id, found: number, per: number): string =>
  `annotation ${shown(id)} has ${found} keypoint numbers, kpt_oks_sigmas (--sigmas) names ${per / 3} points: 3 numbers and a sigma for each`;
