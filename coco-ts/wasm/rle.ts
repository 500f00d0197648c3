import { BITMAP, FIRST_RUNS, MERGED_RUNS, RUN_LIMIT, SECOND_RUNS, STATE, TEXT } from '../src/wasm/layout.js';

/**
 * The run lengths of the first `bytes` characters of TEXT, as parseCounts of mask/runs.ts.
 * @returns their count; -1 at a character that is none of theirs
 */
export function parseRuns(bytes: i32, out: i32): i32 {
  const end: i32 = TEXT + bytes;
  let p: i32 = TEXT;
  let m = 0;
  let at = out;
  while (p < end) {
    let group = load8(p) - 48;
    if (lessUnsigned(63, group)) return -1;
    p++;
    const second = load8(p) - 48;
    let value = group & 31;
    let shift = 5;
    // One or two groups of five bits are most of what there is.
    if (group < 32 || (p < end && lessUnsigned(second, 32))) {
      if (group < 32) value = (group ^ 16) - 16;
      else {
        value = value | (((second ^ 16) - 16) << 5);
        p++;
      }
      if (m > 2) value += load32(at - 8);
      store32(at, value);
      at += 4;
      m++;
      continue;
    }
    while (group & 32) {
      group = -48;
      if (p < end) {
        group = load8(p) - 48;
        if (lessUnsigned(63, group)) return -1;
      }
      p++;
      if (shift < 32) value = value | ((group & 31) << shift);
      shift += 5;
    }
    if (group & 16 && shift < 32) value = value | (-1 << shift);
    if (m > 2) value += load32(at - 8);
    store32(at, value);
    at += 4;
    m++;
  }
  return m;
}

/** Writes the compressed form of run lengths to TEXT, as formatCounts. @returns its bytes */
export function formatRuns(runs: i32, count: i32): i32 {
  let out: i32 = TEXT;
  for (let i = 0; i < count; i++) {
    const at = runs + 4 * i;
    const run = load32(at);
    const before = i > 2 ? load32(at - 8) : 0;
    const step = run - before;
    if ((run | before) >= 0) {
      if (lessUnsigned(step + 16, 32)) {
        store8(out, (step & 31) + 48);
        out++;
        continue;
      }
      if (lessUnsigned(step + 512, 1024)) {
        store16(out, (step & 31) + 80 + ((((step >> 5) & 31) + 48) << 8));
        out += 2;
        continue;
      }
    }
    let value = toLong(run) - toLong(before);
    let more = 1;
    while (more) {
      const group = toInt(value) & 31;
      value = value >> 5n;
      more = group & 16 ? bit(value !== -1n) : bit(value !== 0n);
      store8(out, group + (more ? 80 : 48));
      out++;
    }
  }
  return out - TEXT;
}

/**
 * Union or intersection of FIRST_RUNS and SECOND_RUNS in MERGED_RUNS, as mask/overlap.ts, without branches on the runs.
 * @returns the count of runs; -1 where one of them does not fill the mask, or has no run
 */
export function mergePair(firstCount: i32, secondCount: i32, intersect: i32): i32 {
  if (firstCount === 0 || secondCount === 0) return -1;
  const both = intersect ? 0 : 1;
  const firstEnd: i32 = FIRST_RUNS + 4 * firstCount;
  const secondEnd: i32 = SECOND_RUNS + 4 * secondCount;
  let a: i32 = FIRST_RUNS + 4;
  let b: i32 = SECOND_RUNS + 4;
  // Where the runs at hand end.
  let enda = load32(FIRST_RUNS);
  let endb = load32(SECOND_RUNS);
  let va = 0;
  let vb = 0;
  let value = 0;
  let begin = 0;
  let out: i32 = MERGED_RUNS;
  for (;;) {
    const position = pick(enda, endb, lessUnsigned(enda, endb));
    const nexta = bit(enda === position) & bit(a < firstEnd);
    const nextb = bit(endb === position) & bit(b < secondEnd);
    enda += load32(a) & (0 - nexta);
    endb += load32(b) & (0 - nextb);
    // Beyond 2^32 pixels.
    if (lessUnsigned(enda, position) || lessUnsigned(endb, position)) return -1;
    a += nexta << 2;
    b += nextb << 2;
    va = va ^ nexta;
    vb = vb ^ nextb;
    const done = bit(enda === position) & bit(endb === position);
    if ((done | nexta | nextb) === 0) return -1;
    const previous = value;
    value = (va & vb) | ((va | vb) & both);
    store32(out, position - begin);
    const ends = (value ^ previous) | done;
    out += ends << 2;
    begin = pick(position, begin, ends !== 0);
    if (done) return (out - MERGED_RUNS) >> 2;
  }
}

/**
 * Run lengths of a bitmap, appended to FIRST_RUNS: a stretch of `bytes` in BITMAP, which begins at `position` of the mask. STATE holds how
 * many runs there are, where the one at hand began, and the byte before.
 * @returns false where there is no room for more
 */
export function encodeBytes(bytes: i32, position: i32): i32 {
  let m = load32(STATE);
  let begin = load32(STATE + 4);
  if (m + bytes >= RUN_LIMIT) return 0;
  store8(BITMAP - 1, load32(STATE + 8));
  const last = load8(BITMAP + bytes - 1);
  // No run ends in what stands behind.
  fillBytes(BITMAP + bytes, last, 64);
  const behind: i32 = BITMAP + bytes;
  const from = position - BITMAP;
  for (let p: i32 = BITMAP; p < behind; p += 64) {
    const same0 = equal8(loadV128(p), loadV128(p - 1));
    const same1 = equal8(loadV128(p + 16), loadV128(p + 15));
    const same2 = equal8(loadV128(p + 32), loadV128(p + 31));
    const same3 = equal8(loadV128(p + 48), loadV128(p + 47));
    if (highBits8(and128(and128(same0, same1), and128(same2, same3))) === 65535) continue;
    let changes: i64 =
      toLong((highBits8(same0) | (highBits8(same1) << 16)) ^ -1) |
      (toLong((highBits8(same2) | (highBits8(same3) << 16)) ^ -1) << 32n);
    while (changes !== 0n) {
      const at = from + p + ctz64(changes);
      changes = changes & (changes - 1n);
      store32(FIRST_RUNS + 4 * m, at - begin);
      begin = at;
      m++;
    }
  }
  store32(STATE, m);
  store32(STATE + 4, begin);
  store32(STATE + 8, last);
  return 1;
}

/**
 * Writes the stretches of foreground of FIRST_RUNS to `out`: begin and end of each. STATE tells their area and how long all runs are.
 * @returns the address behind them; 0 beyond 2^31 pixels
 */
export function intervals(count: i32, out: i32): i32 {
  let to = out;
  let p = 0;
  let area = 0;
  for (let j = 0; j < count; j++) {
    const length = load32(FIRST_RUNS + 4 * j);
    if (length < 0 || p + length < p) return 0;
    if (j & 1 && length > 0) {
      store32(to, p);
      store32(to, p + length, 4);
      to += 8;
      area += length;
    }
    p += length;
  }
  store32(STATE, area);
  store32(STATE + 4, p);
  return to;
}

/** The first interval from `at` on that ends behind a position. */
function reach(at: i32, end: i32, position: i32): i32 {
  let low = 0;
  let high = (end - at) >> 3;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (load32(at + 8 * middle, 4) > position) high = middle;
    else low = middle + 1;
  }
  return at + 8 * low;
}

/** Pixels that two lists of intervals share. */
export function sharedPixels(first: i32, firstEnd: i32, second: i32, secondEnd: i32): i32 {
  if (first === firstEnd || second === secondEnd) return 0;
  let i = reach(first, firstEnd, load32(second));
  let j = reach(second, secondEnd, load32(first));
  let sum = 0;
  while (i < firstEnd && j < secondEnd) {
    const a0 = load32(i);
    const a1 = load32(i, 4);
    const b0 = load32(j);
    const b1 = load32(j, 4);
    const low = pick(a0, b0, a0 > b0);
    const high = pick(a1, b1, a1 < b1);
    const both = high - low;
    sum += pick(both, 0, both > 0);
    const shorter = bit(a1 < b1);
    i += shorter << 3;
    j += (1 - shorter) << 3;
  }
  return sum;
}
