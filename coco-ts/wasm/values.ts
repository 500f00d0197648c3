import { readNumber, skipNumber } from './number';
import { skipBlank } from './skip';

/**
 * Number of values, among so many of keypoints, that are no visibility.
 */
export function coordinates(per: i32): i32 {
  return per - i32.div_u(per, 3);
}

/** A list of exactly 4 numbers. */
export function readBox(p: i32, out: i32): i32 {
  if (i32.load8_u(p) !== 91) return 0;
  let q = p;
  for (let i = 0; i < 4; i++) {
    q = readNumber(skipBlank(q + 1), out + 8 * i);
    if (q === 0) return 0;
    q = skipBlank(q);
    if (i32.load8_u(q) !== (i < 3 ? 44 : 93)) return 0;
  }
  return q + 1;
}

/** No number of a file is farther from 0. */
const FARTHEST: f64 = 1.7976931348623157e308;

/** x and y of `per` / 3 points to POINTS, and the area of the box around them. */
export function scanPoints(p: i32, row: i32, per: i32, keep: i32): i32 {
  if (per === 0 || i32.load8_u(p) !== 91) return 0;
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
      q = readNumber(q, NUMBERS);
      const value = f64.load(NUMBERS);
      if (wide === 8) f64.store(out, value);
      else {
        if (f64(f32(value)) !== value) return 0;
        f32.store(out, f32(value));
      }
      out += wide;
      if (third === 0) {
        x0 = select<f64>(value, x0, value < x0);
        x1 = select<f64>(value, x1, value > x1);
      } else {
        y0 = select<f64>(value, y0, value < y0);
        y1 = select<f64>(value, y1, value > y1);
      }
      third++;
    }
    if (q === 0) return 0;
    q = skipBlank(q);
    if (i32.load8_u(q) !== (i + 1 < per ? 44 : 93)) return 0;
  }
  f64.store(KEYPOINT_AREAS + 8 * row, (x1 - x0) * (y1 - y0));
  return q + 1;
}

/** {"size": [h, w], "counts": "..."}, as scan/rle.ts. */
export function scanMask(p: i32, row: i32): i32 {
  let q = skipBlank(p + 1);
  let seen = 0;
  while (true) {
    if (i32.load8_u(q) !== 34) return 0;
    const word = i64.load(q + 1);
    // size" counts"
    const isSize = (word & 0xffffffffff) === 0x22657a6973 ? 1 : 0;
    if (!isSize && (word & 0xffffffffffffff) !== 0x2273746e756f63) return 0;
    q = skipBlank(q + (isSize ? 6 : 8));
    if (i32.load8_u(q) !== 58) return 0;
    q = skipBlank(q + 1);
    q = isSize ? readSize(q, row) : copyCounts(q, row);
    if (q === 0) return 0;
    seen = seen | (isSize ? 1 : 2);
    q = skipBlank(q);
    const c = i32.load8_u(q);
    if (c === 125) break;
    if (c !== 44) return 0;
    q = skipBlank(q + 1);
  }
  return seen === 3 ? q + 1 : 0;
}

/** [height, width], both small and whole, the height not 0. */
function readSize(p: i32, row: i32): i32 {
  if (i32.load8_u(p) !== 91) return 0;
  let q = readNumber(skipBlank(p + 1), NUMBERS);
  if (q === 0) return 0;
  q = skipBlank(q);
  if (i32.load8_u(q) !== 44) return 0;
  q = readNumber(skipBlank(q + 1), NUMBERS + 8);
  if (q === 0) return 0;
  q = skipBlank(q);
  const height = i32(f64.load(NUMBERS));
  const width = i32(f64.load(NUMBERS + 8));
  if (i32.load8_u(q) !== 93 || f64(height) !== f64.load(NUMBERS) || f64(width) !== f64.load(NUMBERS + 8)) return 0;
  if (u32(height) > 65535 || u32(width) > 65535 || height === 0) return 0;
  i32.store(MASK_HEIGHT_COLUMN + 4 * row, height);
  i32.store(MASK_WIDTH_COLUMN + 4 * row, width);
  return q + 1;
}

/** Copies the characters of a string, '0' to 'o', to the pool; the backslash, one of them, is written twice in JSON. */
function copyCounts(p: i32, row: i32): i32 {
  if (i32.load8_u(p) !== 34) return 0;
  const begin = i32.load(STATE + 8);
  let q = p + 1;
  let out: i32 = POOL + begin;
  while (true) {
    const bytes = v128.load(q);
    v128.store(out, bytes);
    // Below '0' wraps around to above 63.
    const odd = v128.or(
      i8x16.gt_u(i8x16.add(bytes, i8x16.splat(-48)), i8x16.splat(63)),
      i8x16.eq(bytes, i8x16.splat(92)),
    );
    const stops = i8x16.bitmask(odd);
    if (stops === 0) {
      q += 16;
      out += 16;
      continue;
    }
    const n = i32.ctz(stops);
    q += n;
    out += n;
    const c = i32.load8_u(q);
    if (c === 34) break;
    if (c !== 92 || i32.load8_u(q + 1) !== 92) return 0;
    q += 2;
    out++;
  }
  f64.store(POOL_AT_COLUMN + 8 * row, f64.load(STATE_POOLED) + f64(begin));
  i32.store(POOL_LENGTH_COLUMN + 4 * row, out - POOL - begin);
  i32.store(STATE + 8, out - POOL);
  return q + 1;
}
