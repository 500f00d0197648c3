import { readNumber } from './number';
import { decodeRuns } from './rle';
import { skipBlank } from './skip';

const LARGE_RUN: u32 = 1073741823;
const LARGE_SIDE: u32 = 65535;

/**
 * Area and box of the first `count` compressed masks of the columns, as mask/runs.ts has them.
 * @returns how many were measured; the next one has runs or sides beyond the usual and is for the portable code
 */
export function measureMasks(count: i32): i32 {
  for (let row = 0; row < count; row++) {
    const height = i32.load(MASK_HEIGHT_COLUMN + 4 * row);
    const width = i32.load(MASK_WIDTH_COLUMN + 4 * row);
    const bytes = i32.load(POOL_LENGTH_COLUMN + 4 * row);
    if (u32(height) > LARGE_SIDE || u32(width) > LARGE_SIDE || height === 0 || bytes > RUN_LIMIT) return row;
    const text = POOL + i32(f64.load(POOL_AT_COLUMN + 8 * row));
    const runs = decodeRuns(text, text + bytes, FIRST_RUNS);
    if (runs < 0 || !measureRuns(runs, height, width, row)) return row;
  }
  return count;
}

/** Area and box of the runs at FIRST_RUNS. @returns 0 where they are beyond the usual */
function measureRuns(count: i32, height: i32, width: i32, row: i32): i32 {
  let area = 0;
  let xs = width;
  let ys = height;
  let xe = 0;
  let ye = 0;
  let x = 0;
  let y = 0;
  for (let m = 0; m < count; m++) {
    const run = i32.load(FIRST_RUNS + 4 * m);
    if (u32(run) > LARGE_RUN) return 0;
    if (m & 1 && run > 0) {
      area += run;
      if (x < xs) xs = x;
      const last = y + run - 1;
      if (last < height) {
        if (x > xe) xe = x;
        if (y < ys) ys = y;
        if (last > ye) ye = last;
      } else {
        ys = 0;
        ye = height - 1;
        const far = x + i32.div_u(last, height);
        if (far > xe) xe = far;
      }
    }
    y += run;
    if (y >= height) {
      const columns = y < 2 * height ? 1 : i32.div_u(y, height);
      x += columns;
      y -= columns * height;
      // More pixels than the mask can have.
      if (u32(x) > 2 * LARGE_SIDE) return 0;
    }
  }
  const box = BOX_COLUMN + 32 * row;
  const empty = count < 2;
  f64.store(AREA_COLUMN + 8 * row, f64(u32(area)));
  f64.store(box, empty ? 0 : f64(xs));
  f64.store(box, empty ? 0 : f64(ys), 8);
  f64.store(box, empty ? 0 : f64(u32(xe - xs + 1)), 16);
  f64.store(box, empty ? 0 : f64(u32(ye - ys + 1)), 24);
  return 1;
}

/**
 * Reads a list of numbers to LIST.
 * @returns the byte behind it, with their count in STATE; 0 for any other value, an empty list, and more than there is room for
 */
export function readList(p: i32): i32 {
  if (i32.load8_u(p) !== 91) return 0;
  let q = p;
  let n = 0;
  while (n < LIST_NUMBERS) {
    q = readNumber(skipBlank(q + 1), LIST + 8 * n);
    if (q === 0) return 0;
    n++;
    q = skipBlank(q);
    const c = i32.load8_u(q);
    if (c === 93) {
      i32.store(STATE, n);
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
    let q: i32 = i32.load(MARKS + 4 * i);
    if (i32.load8_u(q) !== 91) return i;
    for (let n = 0; n < per; n++) {
      q = readNumber(skipBlank(q + 1), out);
      if (q === 0) return i;
      out += 8;
      q = skipBlank(q);
      if (i32.load8_u(q) !== (n + 1 < per ? 44 : 93)) return i;
    }
  }
  return count;
}

/** Whether the first numbers of LIST are float32. */
export function singleList(count: i32): i32 {
  for (let i = 0; i < count; i++) {
    const value = f64.load(LIST + 8 * i);
    if (f64(f32(value)) !== value) return 0;
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
  if (width >= COLUMN_LIMIT || u32(height) > LARGE_SIDE || height === 0 || points === 0) return 0;
  if (f64(height) * f64(width) > 2147483647) return 0;
  for (let i = 0; i < 2 * points; i++) {
    const value = f64.load(LIST + 8 * i);
    if (!(f64.abs(value) <= MOST)) return 0;
    f64.store(LIST + 8 * i, f64.trunc(SCALE * value + 0.5));
  }
  let used = 0;
  for (let j = 0; j < points; j++) {
    const from: i32 = LIST + 16 * j;
    const to = j + 1 === points ? LIST : from + 16;
    used = crossEdge(f64.load(from), f64.load(from + 8), f64.load(to), f64.load(to + 8), height, width, used);
    if (used < 0) return 0;
  }
  return mergeMarks(sortMarks(used, height, width), height * width);
}

/** Marks where an edge crosses the centres of columns. @returns how many marks there are then; -1 beyond the room for them */
function crossEdge(xa: f64, ya: f64, xb: f64, yb: f64, height: i32, width: i32, marked: i32): i32 {
  const dx = f64.abs(xb - xa);
  const dy = f64.abs(yb - ya);
  if (dx === 0) return marked;
  const steep = dx < dy ? 1 : 0;
  const flip = (steep ? ya > yb : xa > xb) ? 1 : 0;
  const xs = flip ? xb : xa;
  const xe = flip ? xa : xb;
  const ys = flip ? yb : ya;
  const ye = flip ? ya : yb;
  const slope = steep ? (xe - xs) / dy : (ye - ys) / dx;
  const first = i32(f64.max(0, f64.ceil((f64.min(xs, xe) - 2) / SCALE)));
  const last = i32(f64.min(f64(width - 1), f64.floor((f64.max(xs, xe) - 3) / SCALE)));
  if (last - first + marked >= MARK_LIMIT) return -1;
  const limit = f64(height);
  let used = marked;
  for (let column = first; column <= last; column++) {
    const u = SCALE * f64(column) + 2;
    let v: f64 = 0;
    if (steep) v = ys + stepAt(u, xs, slope, dy);
    else v = f64.min(f64.trunc(ys + slope * (u - xs) + 0.5), f64.trunc(ys + slope * (u - xs + 1) + 0.5));
    let row = (v + 0.5) / SCALE - 0.5;
    if (row < 0) row = 0;
    else if (row > limit) row = limit;
    i32.store(MARKS + 4 * used, column * height + i32(f64.ceil(row)));
    used++;
  }
  return used;
}

/** Whether the column at step t of a steep edge lies on the far side of its change between u and u + 1. */
function reached(t: f64, u: f64, xs: f64, slope: f64): i32 {
  const beyond = f64.trunc(xs + slope * t + 0.5) > u ? 1 : 0;
  return slope > 0 ? beyond : 1 - beyond;
}

/** The step of a steep edge after which its column changes between u and u + 1. */
function stepAt(u: f64, xs: f64, slope: f64, dy: f64): f64 {
  let t = f64.min(dy - 1, f64.max(0, f64.floor((u + 0.5 - xs) / slope)));
  while (t > 0 && reached(t, u, xs, slope)) t -= 1;
  while (t < dy - 1 && !reached(t + 1, u, xs, slope)) t += 1;
  return t;
}

/** Sorts the marks into SORTED_MARKS: into columns by counting, then by insertion, which has to look at neighbours only. */
function sortMarks(used: i32, height: i32, width: i32): i32 {
  memory.fill(COLUMN_COUNTS, 0, 4 * width + 8);
  for (let i = 0; i < used; i++) {
    const at: i32 = COLUMN_COUNTS + 4 * i32.div_u(i32.load(MARKS + 4 * i), height);
    i32.store(at, i32.load(at) + 1);
  }
  let sum = 0;
  for (let column = 0; column <= width; column++) {
    const at: i32 = COLUMN_COUNTS + 4 * column;
    const count = i32.load(at);
    i32.store(at, sum);
    sum += count;
  }
  for (let i = 0; i < used; i++) {
    const mark = i32.load(MARKS + 4 * i);
    const at: i32 = COLUMN_COUNTS + 4 * i32.div_u(mark, height);
    const place = i32.load(at);
    i32.store(SORTED_MARKS + 4 * place, mark);
    i32.store(at, place + 1);
  }
  for (let i = 1; i < used; i++) {
    const mark = i32.load(SORTED_MARKS + 4 * i);
    let j = i;
    while (j > 0 && i32.load(SORTED_MARKS + 4 * j - 4) > mark) {
      i32.store(SORTED_MARKS + 4 * j, i32.load(SORTED_MARKS + 4 * j - 4));
      j--;
    }
    i32.store(SORTED_MARKS + 4 * j, mark);
  }
  return used;
}

/** Sorted marks and the end of the mask as run lengths; runs without length are joined with their neighbours. */
function mergeMarks(used: i32, total: i32): i32 {
  i32.store(SORTED_MARKS + 4 * used, total);
  const k = used + 1;
  let before = i32.load(SORTED_MARKS);
  i32.store(MARKS, before);
  let m = 1;
  let j = 1;
  while (j < k) {
    const mark = i32.load(SORTED_MARKS + 4 * j);
    const length = mark - before;
    before = mark;
    j++;
    if (length > 0) {
      i32.store(MARKS + 4 * m, length);
      m++;
    } else if (j < k) {
      const next = i32.load(SORTED_MARKS + 4 * j);
      i32.store(MARKS + 4 * m - 4, i32.load(MARKS + 4 * m - 4) + next - before);
      before = next;
      j++;
    }
  }
  return m;
}
