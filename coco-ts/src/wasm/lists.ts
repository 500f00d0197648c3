import { type ByteSource, Window } from '../scan/source.js';
import { type AnnotationTable, HAS } from '../scan/table.js';
import type { Kernels } from './kernels.js';
import { AT, LIST_NUMBERS } from './layout.js';

/**
 * Reads the keypoint lists of rows, many at a time.
 *
 * @param per numbers of every list
 * @param take gets the numbers of rows[first], rows[first + 1], ... one list after another
 * @returns how many of the rows were read; the next one is not plain
 */
export function readLists(
  module: Kernels,
  source: ByteSource,
  table: AnnotationTable,
  rows: readonly number[],
  per: number,
  take: (values: Float64Array<ArrayBuffer>, first: number) => void,
): number {
  const limit = Math.floor(LIST_NUMBERS / per);
  if (per === 0 || limit === 0) return 0;
  const { begin, keypointsAt, keypointsLength, has } = table;
  const { MARKS, LIST } = module.views;
  const place = (row: number): number => begin[row]! + keypointsAt[row]!;
  let window: Window | null = null;
  let next = 0;
  while (next < rows.length) {
    const from = place(rows[next]!);
    if (window === null || from < window.base || from >= window.base + window.length) window = new Window(source, from);
    if (!window.shared) return next;
    const [base, end] = [window.base, window.base + window.length];
    let n = 0;
    for (; n < limit && next + n < rows.length; n++) {
      const row = rows[next + n]!;
      const p = place(row);
      if (!(has[row]! & HAS.keypoints) || p < base || p + keypointsLength[row]! > end) break;
      MARKS[n] = AT.WINDOW + p - base;
    }
    if (n === 0) {
      if (!(has[rows[next]!]! & HAS.keypoints) || from === base || !window.advance(from - base)) return next;
      continue;
    }
    const read = module.readLists(n, per);
    if (read > 0) take(LIST.subarray(0, read * per), next);
    next += read;
    if (read < n) return next;
  }
  return next;
}
