/** The run lengths of the first `bytes` characters of TEXT, as parseCounts of mask/runs.ts. @returns their count; -1 at a character that is none of theirs */
export function parseRuns(bytes: i32, out: i32): i32 {
  return decodeRuns(TEXT, TEXT + bytes, out);
}

/** The run lengths of the characters from `begin` to `end`. */
export function decodeRuns(begin: i32, end: i32, out: i32): i32 {
  let p = begin;
  let m = 0;
  let at = out;
  while (p < end) {
    let group = i32.load8_u(p) - 48;
    if (u32(group) > 63) return -1;
    p++;
    const second = i32.load8_u(p) - 48;
    let value = group & 31;
    let shift = 5;
    // One or two groups of five bits are most of what there is.
    if (group < 32 || (p < end && u32(second) < 32)) {
      if (group < 32) value = (group ^ 16) - 16;
      else {
        value = value | (((second ^ 16) - 16) << 5);
        p++;
      }
      if (m > 2) value += i32.load(at - 8);
      i32.store(at, value);
      at += 4;
      m++;
      continue;
    }
    while (group & 32) {
      group = -48;
      if (p < end) {
        group = i32.load8_u(p) - 48;
        if (u32(group) > 63) return -1;
      }
      p++;
      if (shift < 32) value = value | ((group & 31) << shift);
      shift += 5;
    }
    if (group & 16 && shift < 32) value = value | (-1 << shift);
    if (m > 2) value += i32.load(at - 8);
    i32.store(at, value);
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
    const run = i32.load(at);
    const before = i > 2 ? i32.load(at - 8) : 0;
    const step = run - before;
    if ((run | before) >= 0) {
      if (u32(step + 16) < 32) {
        i32.store8(out, (step & 31) + 48);
        out++;
        continue;
      }
      if (u32(step + 512) < 1024) {
        i32.store16(out, (step & 31) + 80 + ((((step >> 5) & 31) + 48) << 8));
        out += 2;
        continue;
      }
    }
    let value = i64(u32(run)) - i64(u32(before));
    let more = 1;
    while (more) {
      const group = i32(value) & 31;
      value = value >> 5;
      more = group & 16 ? i32(value !== -1) : i32(value !== 0);
      i32.store8(out, group + (more ? 80 : 48));
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
  let enda = i32.load(FIRST_RUNS);
  let endb = i32.load(SECOND_RUNS);
  let va = 0;
  let vb = 0;
  let value = 0;
  let begin = 0;
  let out: i32 = MERGED_RUNS;
  while (true) {
    const position = select<i32>(enda, endb, u32(enda) < u32(endb));
    const nexta = i32(enda === position) & i32(a < firstEnd);
    const nextb = i32(endb === position) & i32(b < secondEnd);
    enda += i32.load(a) & (0 - nexta);
    endb += i32.load(b) & (0 - nextb);
    // Beyond 2^32 pixels.
    if (u32(enda) < u32(position) || u32(endb) < u32(position)) return -1;
    a += nexta << 2;
    b += nextb << 2;
    va = va ^ nexta;
    vb = vb ^ nextb;
    const done = i32(enda === position) & i32(endb === position);
    if ((done | nexta | nextb) === 0) return -1;
    const previous = value;
    value = (va & vb) | ((va | vb) & both);
    i32.store(out, position - begin);
    const ends = (value ^ previous) | done;
    out += ends << 2;
    begin = select<i32>(position, begin, ends !== 0);
    if (done) return (out - MERGED_RUNS) >> 2;
  }
}

/**
 * Run lengths of a bitmap, appended to FIRST_RUNS: a stretch of `bytes` in BITMAP, which begins at `position` of the mask. STATE holds how
 * many runs there are, where the one at hand began, and the byte before.
 * @returns false where there is no room for more
 */
export function encodeBytes(bytes: i32, position: i32): i32 {
  let m = i32.load(STATE);
  let begin = i32.load(STATE + 4);
  if (m + bytes >= RUN_LIMIT) return 0;
  i32.store8(BITMAP - 1, i32.load(STATE + 8));
  const last = i32.load8_u(BITMAP + bytes - 1);
  // No run ends in what stands behind.
  memory.fill(BITMAP + bytes, u8(last), 64);
  const behind: i32 = BITMAP + bytes;
  const from = position - BITMAP;
  for (let p: i32 = BITMAP; p < behind; p += 64) {
    const same0 = i8x16.eq(v128.load(p), v128.load(p - 1));
    const same1 = i8x16.eq(v128.load(p + 16), v128.load(p + 15));
    const same2 = i8x16.eq(v128.load(p + 32), v128.load(p + 31));
    const same3 = i8x16.eq(v128.load(p + 48), v128.load(p + 47));
    if (i8x16.bitmask(v128.and(v128.and(same0, same1), v128.and(same2, same3))) === 65535) continue;
    let changes: i64 =
      i64(u32((i8x16.bitmask(same0) | (i8x16.bitmask(same1) << 16)) ^ -1)) |
      (i64(u32((i8x16.bitmask(same2) | (i8x16.bitmask(same3) << 16)) ^ -1)) << 32);
    while (changes !== 0) {
      const at = from + p + i32(i64.ctz(changes));
      changes = changes & (changes - 1);
      i32.store(FIRST_RUNS + 4 * m, at - begin);
      begin = at;
      m++;
    }
  }
  i32.store(STATE, m);
  i32.store(STATE + 4, begin);
  i32.store(STATE + 8, last);
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
    const length = i32.load(FIRST_RUNS + 4 * j);
    if (length < 0 || p + length < p) return 0;
    if (j & 1 && length > 0) {
      i32.store(to, p);
      i32.store(to, p + length, 4);
      to += 8;
      area += length;
    }
    p += length;
  }
  i32.store(STATE, area);
  i32.store(STATE + 4, p);
  return to;
}

/** The first interval from `at` on that ends behind a position. */
function reach(at: i32, end: i32, position: i32): i32 {
  let low = 0;
  let high = (end - at) >> 3;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (i32.load(at + 8 * middle, 4) > position) high = middle;
    else low = middle + 1;
  }
  return at + 8 * low;
}

/** Pixels that two lists of intervals share. */
export function sharedPixels(first: i32, firstEnd: i32, second: i32, secondEnd: i32): i32 {
  if (first === firstEnd || second === secondEnd) return 0;
  let i = reach(first, firstEnd, i32.load(second));
  let j = reach(second, secondEnd, i32.load(first));
  let sum = 0;
  while (i < firstEnd && j < secondEnd) {
    const a0 = i32.load(i);
    const a1 = i32.load(i, 4);
    const b0 = i32.load(j);
    const b1 = i32.load(j, 4);
    const low = select<i32>(a0, b0, a0 > b0);
    const high = select<i32>(a1, b1, a1 < b1);
    const both = high - low;
    sum += select<i32>(both, 0, both > 0);
    const shorter = i32(a1 < b1);
    i += shorter << 3;
    j += (1 - shorter) << 3;
  }
  return sum;
}
