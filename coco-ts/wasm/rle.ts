import { FIRST_RUNS, MERGED_RUNS, SECOND_RUNS, STATE, TEXT } from '../src/wasm/layout.js';

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
    let value = group & 31;
    let shift = 5;
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
    let value = toLong(load32(at));
    if (i > 2) value -= toLong(load32(at - 8));
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
 * Union or intersection of FIRST_RUNS and SECOND_RUNS in MERGED_RUNS, as mask/overlap.ts.
 * @returns the count of runs; -1 where one of them does not fill the mask, or has no run
 */
export function mergePair(firstCount: i32, secondCount: i32, intersect: i32): i32 {
  if (firstCount === 0 || secondCount === 0) return -1;
  let ca = load32(FIRST_RUNS);
  let cb = load32(SECOND_RUNS);
  let a = 1;
  let b = 1;
  let va = 0;
  let vb = 0;
  let value = 0;
  let run = 0;
  let m = 0;
  for (;;) {
    const step = pick(ca, cb, lessUnsigned(ca, cb));
    const before = a + b;
    run += step;
    ca -= step;
    cb -= step;
    if (ca === 0 && a < firstCount) {
      ca = load32(FIRST_RUNS + 4 * a);
      a++;
      va = 1 - va;
    }
    if (cb === 0 && b < secondCount) {
      cb = load32(SECOND_RUNS + 4 * b);
      b++;
      vb = 1 - vb;
    }
    const done = (ca | cb) === 0 ? 1 : 0;
    if (!done && step === 0 && a + b === before) return -1;
    const previous = value;
    value = intersect ? va & vb : va | vb;
    if (value !== previous || done) {
      store32(MERGED_RUNS + 4 * m, run);
      m++;
      run = 0;
    }
    if (done) return m;
  }
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
