import {
  KEYPOINT_AREAS,
  KEYPOINTS_WIDE,
  MASK_HEIGHT_COLUMN,
  MASK_WIDTH_COLUMN,
  POINTS,
  POOL,
  POOL_AT_COLUMN,
  POOL_LENGTH_COLUMN,
  STATE,
  STATE_POOLED,
} from '../src/wasm/layout.js';
import { readNumber, skipNumber } from './number.js';
import { skipBlank } from './skip.js';

/**
 * Of so many keypoint numbers those that are no visibility.
 * @inline
 */
export function coordinates(per: i32): i32 {
  return per - divideUnsigned(per, 3);
}

/** A list of exactly 4 numbers. */
export function readBox(p: i32, out: i32): i32 {
  if (load8(p) !== 91) return 0;
  let q = p;
  for (let i = 0; i < 4; i++) {
    q = readNumber(skipBlank(q + 1), out + 8 * i);
    if (q === 0) return 0;
    q = skipBlank(q);
    if (load8(q) !== (i < 3 ? 44 : 93)) return 0;
  }
  return q + 1;
}

/** No number of a file is farther from 0. */
const FARTHEST: f64 = 1.7976931348623157e308;

/** x and y of `per` / 3 points to POINTS, and the area of the box around them. */
export function scanPoints(p: i32, row: i32, per: i32, keep: i32): i32 {
  if (per === 0 || load8(p) !== 91) return 0;
  const wide: i32 = keep === KEYPOINTS_WIDE ? 8 : 4;
  let out: i32 = POINTS + wide * coordinates(per) * row;
  let q = p;
  let third = 0;
  let x0: f64 = FARTHEST;
  let x1: f64 = -FARTHEST;
  let y0: f64 = FARTHEST;
  let y1: f64 = -FARTHEST;
  for (let i = 0; i < per; i++) {
    q = skipBlank(q + 1);
    if (third === 2) {
      q = skipNumber(q);
      third = 0;
    } else {
      q = readNumber(q, STATE + 16);
      const value = loadF64(STATE + 16);
      if (wide === 8) storeF64(out, value);
      else {
        if (single(value) !== value) return 0;
        storeF32(out, value);
      }
      out += wide;
      if (third === 0) {
        x0 = pickF64(value, x0, value < x0);
        x1 = pickF64(value, x1, value > x1);
      } else {
        y0 = pickF64(value, y0, value < y0);
        y1 = pickF64(value, y1, value > y1);
      }
      third++;
    }
    if (q === 0) return 0;
    q = skipBlank(q);
    if (load8(q) !== (i + 1 < per ? 44 : 93)) return 0;
  }
  storeF64(KEYPOINT_AREAS + 8 * row, (x1 - x0) * (y1 - y0));
  return q + 1;
}

/** {"size": [h, w], "counts": "..."}, as scan/rle.ts. */
export function scanMask(p: i32, row: i32): i32 {
  let q = skipBlank(p + 1);
  let seen = 0;
  for (;;) {
    if (load8(q) !== 34) return 0;
    const word = load64(q + 1);
    // size" counts"
    const isSize = (word & 0xffffffffffn) === 0x22657a6973n ? 1 : 0;
    if (!isSize && (word & 0xffffffffffffffn) !== 0x2273746e756f63n) return 0;
    q = skipBlank(q + (isSize ? 6 : 8));
    if (load8(q) !== 58) return 0;
    q = skipBlank(q + 1);
    q = isSize ? readSize(q, row) : copyCounts(q, row);
    if (q === 0) return 0;
    seen = seen | (isSize ? 1 : 2);
    q = skipBlank(q);
    const c = load8(q);
    if (c === 125) break;
    if (c !== 44) return 0;
    q = skipBlank(q + 1);
  }
  return seen === 3 ? q + 1 : 0;
}

/** [height, width], both small and whole, the height not 0. */
function readSize(p: i32, row: i32): i32 {
  if (load8(p) !== 91) return 0;
  let q = readNumber(skipBlank(p + 1), STATE + 16);
  if (q === 0) return 0;
  q = skipBlank(q);
  if (load8(q) !== 44) return 0;
  q = readNumber(skipBlank(q + 1), STATE + 24);
  if (q === 0) return 0;
  q = skipBlank(q);
  const height = truncate(loadF64(STATE + 16));
  const width = truncate(loadF64(STATE + 24));
  if (load8(q) !== 93 || toF64(height) !== loadF64(STATE + 16) || toF64(width) !== loadF64(STATE + 24)) return 0;
  if (lessUnsigned(65535, height) || lessUnsigned(65535, width) || height === 0) return 0;
  store32(MASK_HEIGHT_COLUMN + 4 * row, height);
  store32(MASK_WIDTH_COLUMN + 4 * row, width);
  return q + 1;
}

/** Copies the characters of a string, '0' to 'o', to the pool; the backslash, one of them, is written twice in JSON. */
function copyCounts(p: i32, row: i32): i32 {
  if (load8(p) !== 34) return 0;
  const begin = load32(STATE + 8);
  let q = p + 1;
  let out: i32 = POOL + begin;
  for (;;) {
    const bytes = loadV128(q);
    storeV128(out, bytes);
    // Below '0' wraps around to above 63.
    const odd = or128(aboveUnsigned8(add8(bytes, splat8(-48)), splat8(63)), equal8(bytes, splat8(92)));
    const stops = highBits8(odd);
    if (stops === 0) {
      q += 16;
      out += 16;
      continue;
    }
    const n = ctz(stops);
    q += n;
    out += n;
    const c = load8(q);
    if (c === 34) break;
    if (c !== 92 || load8(q + 1) !== 92) return 0;
    q += 2;
    out++;
  }
  storeF64(POOL_AT_COLUMN + 8 * row, loadF64(STATE_POOLED) + toF64(begin));
  store32(POOL_LENGTH_COLUMN + 4 * row, out - POOL - begin);
  store32(STATE + 8, out - POOL);
  return q + 1;
}
