import {
  AREA_COLUMN,
  BOX_COLUMN,
  COLUMN_COUNTS,
  COLUMN_LIMIT,
  LIST,
  LIST_NUMBERS,
  MARK_LIMIT,
  MARKS,
  MASK_HEIGHT_COLUMN,
  MASK_WIDTH_COLUMN,
  POOL,
  POOL_AT_COLUMN,
  POOL_LENGTH_COLUMN,
  SORTED_MARKS,
  STATE,
} from '../src/wasm/layout.js';
import { readNumber } from './number.js';
import { skipBlank } from './skip.js';

const LARGE_RUN = 1073741823;
const LARGE_SIDE = 65535;

/**
 * Area and box of the first `count` compressed masks of the columns, as mask/runs.ts has them from run lengths.
 * @returns how many were measured; the next one has runs or sides beyond the usual and is for the portable code
 */
export function measureMasks(count: i32): i32 {
  for (let row = 0; row < count; row++) {
    const height = load32(MASK_HEIGHT_COLUMN + 4 * row);
    const width = load32(MASK_WIDTH_COLUMN + 4 * row);
    if (lessUnsigned(LARGE_SIDE, height) || lessUnsigned(LARGE_SIDE, width) || height === 0) return row;
    const begin: i32 = POOL + load32(POOL_AT_COLUMN + 4 * row);
    const end = begin + load32(POOL_LENGTH_COLUMN + 4 * row);
    let p = begin;
    let m = 0;
    // The run before the last one, and the last one.
    let older = 0;
    let newer = 0;
    let area = 0;
    let xs = width;
    let ys = height;
    let xe = 0;
    let ye = 0;
    let x = 0;
    let y = 0;
    while (p < end) {
      let group = load8(p) - 48;
      p++;
      let run = group & 31;
      let shift = 5;
      while (group & 32) {
        group = p < end ? load8(p) - 48 : -48;
        p++;
        if (shift < 32) run = run | ((group & 31) << shift);
        shift += 5;
      }
      if (group & 16 && shift < 32) run = run | (-1 << shift);
      if (m > 2) run += older;
      older = newer;
      newer = run;
      if (lessUnsigned(LARGE_RUN, run)) return row;
      if (m & 1) area += run;
      if (m & 1 && run > 0) {
        if (x < xs) xs = x;
        const last = y + run - 1;
        if (last < height) {
          if (x > xe) xe = x;
          if (y < ys) ys = y;
          if (last > ye) ye = last;
        } else {
          ys = 0;
          ye = height - 1;
          const far = x + divideUnsigned(last, height);
          if (far > xe) xe = far;
        }
      }
      y += run;
      if (y >= height) {
        const columns = y < 2 * height ? 1 : divideUnsigned(y, height);
        x += columns;
        y -= columns * height;
        // More pixels than the mask can have.
        if (x > LARGE_SIDE * 2) return row;
      }
      m++;
    }
    const box: i32 = BOX_COLUMN + 32 * row;
    const empty = m < 2 ? 1 : 0;
    storeF64(AREA_COLUMN + 8 * row, unsignedToF64(area));
    storeF64(box, empty ? 0 : toF64(xs));
    storeF64(box + 8, empty ? 0 : toF64(ys));
    storeF64(box + 16, empty ? 0 : unsignedToF64(xe - xs + 1));
    storeF64(box + 24, empty ? 0 : unsignedToF64(ye - ys + 1));
  }
  return count;
}

/**
 * Reads a list of numbers to LIST.
 * @returns the byte behind it, with their count in STATE; 0 for any other value, an empty list, and more than there is room for
 */
export function readList(p: i32): i32 {
  if (load8(p) !== 91) return 0;
  let q = p;
  let n = 0;
  while (n < LIST_NUMBERS) {
    q = readNumber(skipBlank(q + 1), LIST + 8 * n);
    if (q === 0) return 0;
    n++;
    q = skipBlank(q);
    const c = load8(q);
    if (c === 93) {
      store32(STATE, n);
      return q + 1;
    }
    if (c !== 44) return 0;
  }
  return 0;
}

/**
 * Reads lists of `per` numbers, whose places stand in MARKS, one after another to LIST.
 * @returns how many were read; the next one is something else
 */
export function readLists(count: i32, per: i32): i32 {
  let out: i32 = LIST;
  for (let i = 0; i < count; i++) {
    let q: i32 = load32(MARKS + 4 * i);
    if (load8(q) !== 91) return i;
    for (let n = 0; n < per; n++) {
      q = readNumber(skipBlank(q + 1), out);
      if (q === 0) return i;
      out += 8;
      q = skipBlank(q);
      if (load8(q) !== (n + 1 < per ? 44 : 93)) return i;
    }
  }
  return count;
}

/** Whether the first numbers of LIST are float32. */
export function singleList(count: i32): i32 {
  for (let i = 0; i < count; i++) {
    const value = loadF64(LIST + 8 * i);
    if (single(value) !== value) return 0;
  }
  return 1;
}

const SCALE: f64 = 5;
const MOST: f64 = 268435456;

/**
 * The polygon of the first 2 * points numbers of LIST as run lengths in MARKS, as mask/polygon.ts.
 * @returns their count; 0 for coordinates that the portable code refuses, and masks beyond the work space
 */
export function polygonRuns(points: i32, height: i32, width: i32): i32 {
  if (width >= COLUMN_LIMIT || height > LARGE_SIDE || height === 0 || points === 0) return 0;
  if (toF64(height) * toF64(width) > 2147483647) return 0;
  for (let i = 0; i < 2 * points; i++) {
    const value = loadF64(LIST + 8 * i);
    if (!(abs(value) <= MOST)) return 0;
    storeF64(LIST + 8 * i, whole(SCALE * value + 0.5));
  }
  let used = 0;
  for (let j = 0; j < points; j++) {
    const from: i32 = LIST + 16 * j;
    const to = j + 1 === points ? LIST : from + 16;
    used = crossEdge(loadF64(from), loadF64(from + 8), loadF64(to), loadF64(to + 8), height, width, used);
    if (used < 0) return 0;
  }
  return mergeMarks(sortMarks(used, height, width), height * width);
}

/** Marks where an edge crosses the centres of columns. @returns how many marks there are then; -1 beyond the room for them */
function crossEdge(xa: f64, ya: f64, xb: f64, yb: f64, height: i32, width: i32, marked: i32): i32 {
  const dx = abs(xb - xa);
  const dy = abs(yb - ya);
  if (dx === 0) return marked;
  const steep = dx < dy ? 1 : 0;
  const flip = (steep ? ya > yb : xa > xb) ? 1 : 0;
  const xs = flip ? xb : xa;
  const xe = flip ? xa : xb;
  const ys = flip ? yb : ya;
  const ye = flip ? ya : yb;
  const slope = steep ? (xe - xs) / dy : (ye - ys) / dx;
  const first = truncate(most(0, ceil((least(xs, xe) - 2) / SCALE)));
  const last = truncate(least(toF64(width - 1), floor((most(xs, xe) - 3) / SCALE)));
  if (last - first + marked >= MARK_LIMIT) return -1;
  const limit = toF64(height);
  let used = marked;
  for (let column = first; column <= last; column++) {
    const u = SCALE * toF64(column) + 2;
    let v: f64 = 0;
    if (steep) v = ys + stepAt(u, xs, slope, dy);
    else v = least(whole(ys + slope * (u - xs) + 0.5), whole(ys + slope * (u - xs + 1) + 0.5));
    let row = (v + 0.5) / SCALE - 0.5;
    if (row < 0) row = 0;
    else if (row > limit) row = limit;
    store32(MARKS + 4 * used, column * height + truncate(ceil(row)));
    used++;
  }
  return used;
}

/** Whether the column at step t of a steep edge lies on the far side of its change between u and u + 1. */
function reached(t: f64, u: f64, xs: f64, slope: f64): i32 {
  const beyond = whole(xs + slope * t + 0.5) > u ? 1 : 0;
  return slope > 0 ? beyond : 1 - beyond;
}

/** The step of a steep edge after which its column changes between u and u + 1. */
function stepAt(u: f64, xs: f64, slope: f64, dy: f64): f64 {
  let t = least(dy - 1, most(0, floor((u + 0.5 - xs) / slope)));
  while (t > 0 && reached(t, u, xs, slope)) t -= 1;
  while (t < dy - 1 && !reached(t + 1, u, xs, slope)) t += 1;
  return t;
}

/** Sorts the marks into SORTED_MARKS: into columns by counting, then by insertion, which has to look at neighbours only. */
function sortMarks(used: i32, height: i32, width: i32): i32 {
  fillBytes(COLUMN_COUNTS, 0, 4 * width + 8);
  for (let i = 0; i < used; i++) {
    const at: i32 = COLUMN_COUNTS + 4 * divideUnsigned(load32(MARKS + 4 * i), height);
    store32(at, load32(at) + 1);
  }
  let sum = 0;
  for (let column = 0; column <= width; column++) {
    const at: i32 = COLUMN_COUNTS + 4 * column;
    const count = load32(at);
    store32(at, sum);
    sum += count;
  }
  for (let i = 0; i < used; i++) {
    const mark = load32(MARKS + 4 * i);
    const at: i32 = COLUMN_COUNTS + 4 * divideUnsigned(mark, height);
    const place = load32(at);
    store32(SORTED_MARKS + 4 * place, mark);
    store32(at, place + 1);
  }
  for (let i = 1; i < used; i++) {
    const mark = load32(SORTED_MARKS + 4 * i);
    let j = i;
    while (j > 0 && load32(SORTED_MARKS + 4 * j - 4) > mark) {
      store32(SORTED_MARKS + 4 * j, load32(SORTED_MARKS + 4 * j - 4));
      j--;
    }
    store32(SORTED_MARKS + 4 * j, mark);
  }
  return used;
}

/** Sorted marks and the end of the mask as run lengths; runs without length are joined with their neighbours. */
function mergeMarks(used: i32, total: i32): i32 {
  store32(SORTED_MARKS + 4 * used, total);
  const k = used + 1;
  let before = load32(SORTED_MARKS);
  store32(MARKS, before);
  let m = 1;
  let j = 1;
  while (j < k) {
    const mark = load32(SORTED_MARKS + 4 * j);
    const length = mark - before;
    before = mark;
    j++;
    if (length > 0) {
      store32(MARKS + 4 * m, length);
      m++;
    } else if (j < k) {
      const next = load32(SORTED_MARKS + 4 * j);
      store32(MARKS + 4 * m - 4, load32(MARKS + 4 * m - 4) + next - before);
      before = next;
      j++;
    }
  }
  return m;
}
