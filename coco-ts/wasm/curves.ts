const EPSILON: f64 = 2.220446049250313e-16;
const SIGN: i64 = -9223372036854775808;

/** The curves of one category from its `n` slots, as evaluation/curves.ts: precision and scores [T, R, A, M], recall [T, A, M]. */
export function curves(n: i32): void {
  const ranges = i32.load(RANGES);
  const limits = i32.load(LIMITS);
  walk(n, orderSlots(n), ranges, limits);
  for (let a = 0; a < ranges; a++) {
    const counted = i32.load(i32.load(COUNTED) + 4 * a);
    for (let m = 0; m < limits; m++) {
      if (counted !== 0) spread(a, m, limits);
      curvesOf(a * limits + m, m, counted, ranges * limits);
    }
  }
}

/** Positions of the slots by descending score, stably, NaN last, -0 equal to 0: by radix. @returns where they stand */
function orderSlots(n: i32): i32 {
  const scores = i32.load(SCORES);
  const keys = i32.load(KEYS);
  let first = i32.load(FIRST_ORDER);
  let second = i32.load(SECOND_ORDER);
  let vary: i64 = 0;
  for (let i = 0; i < n; i++) {
    // Negated, so that ascending keys are descending scores; + 0 turns -0 into 0.
    const value = 0 - f64.load(scores + 8 * i);
    let key: i64 = i64.reinterpret_f64(value);
    if (value !== value) key = -1;
    else if (key < 0) key = key ^ -1;
    else key = key ^ SIGN;
    i64.store(keys + 8 * i, key);
    i32.store(first + 4 * i, i);
    vary = vary | (key ^ i64.load(keys));
  }
  const counts = i32.load(DIGIT_COUNTS);
  for (let shift: i64 = 0; shift < 66; shift += 11) {
    // A digit that all keys share sorts nothing.
    if (((vary >>> shift) & 2047) === 0) continue;
    memory.fill(counts, 0, 8192);
    for (let i = 0; i < n; i++) {
      const at = counts + (i32((i64.load(keys + 8 * i) >>> shift) & 2047) << 2);
      i32.store(at, i32.load(at) + 1);
    }
    let sum = 0;
    for (let at = counts; at < counts + 8192; at += 4) {
      const count = i32.load(at);
      i32.store(at, sum);
      sum += count;
    }
    for (let i = 0; i < n; i++) {
      const slot = i32.load(first + 4 * i);
      const at = counts + (i32((i64.load(keys + 8 * slot) >>> shift) & 2047) << 2);
      const place = i32.load(at);
      i32.store(second + 4 * place, slot);
      i32.store(at, place + 1);
    }
    const other = first;
    first = second;
    second = other;
  }
  return first;
}

/** Goes through the slots in score order and keeps those that are not plain misses, with the count of those before. */
function walk(n: i32, order: i32, ranges: i32, limits: i32): void {
  const scores = i32.load(SCORES);
  const ranks = i32.load(RANKS);
  const codes = i32.load(CODES);
  const sorted = i32.load(SORTED);
  const admitted = i32.load(ADMITTED);
  const limitOf = i32.load(LIMIT_OF);
  const misses = i32.load(MISSES);
  const mixedCount = i32.load(MIXED_COUNT);
  const counts = i32.load(ADMITTED_COUNT);
  const firsts = i32.load(FIRST_ADMITTED);
  const room = i32.load(MIXED_ROOM);
  const miss = ((1 << i32.load(THRESHOLDS)) - 1) << 16;
  memory.fill(mixedCount, 0, 4 * ranges);
  memory.fill(misses, 0, 4 * ranges * limits);
  memory.fill(counts, 0, 4 * limits);
  memory.fill(firsts, 255, 4 * limits);
  for (let z = 0; z < n; z++) {
    const slot = i32.load(order + 4 * z);
    const limit = i32.load8_u(limitOf + i32.load(ranks + 4 * slot));
    f64.store(sorted + 8 * z, f64.load(scores + 8 * slot));
    i32.store8(admitted + z, limit);
    if (limit < limits) {
      const at = counts + 4 * limit;
      if (i32.load(at) === 0) i32.store(firsts + 4 * limit, z);
      i32.store(at, i32.load(at) + 1);
    }
    for (let a = 0; a < ranges; a++) {
      const code = i32.load(codes + 4 * (slot * ranges + a));
      if (code === miss) {
        const at = misses + 4 * (a * limits + limit);
        if (limit < limits) i32.store(at, i32.load(at) + 1);
      } else if (code !== 0) {
        const count = i32.load(mixedCount + 4 * a);
        i32.store(mixedCount + 4 * a, count + 1);
        const at = a * room + count;
        i32.store(i32.load(MIXED_AT) + 4 * at, z);
        i32.store(i32.load(MIXED_CODE) + 4 * at, code);
        const before: i32 = i32.load(MISSES_BEFORE) + 4 * at * limits;
        let sum = 0;
        for (let m = 0; m < limits; m++) {
          sum += i32.load(misses + 4 * (a * limits + m));
          i32.store(before + 4 * m, sum);
        }
      }
    }
  }
  // A larger limit admits what a smaller one does.
  for (let m = 1; m < limits; m++) {
    i32.store(counts + 4 * m, i32.load(counts + 4 * m) + i32.load(counts + 4 * m - 4));
    const first = i32.load(firsts + 4 * m - 4);
    const own = i32.load(firsts + 4 * m);
    if (first >= 0 && (own < 0 || first < own)) i32.store(firsts + 4 * m, first);
  }
}

/** Splits the codes of one size range and limit into the hits of every threshold. */
function spread(a: i32, m: i32, limits: i32): void {
  const hits = i32.load(HITS);
  const falses = i32.load(FALSES);
  const admitted = i32.load(ADMITTED);
  const hitMisses = i32.load(HIT_MISSES);
  const hitAt = i32.load(HIT_AT);
  const room = i32.load(MIXED_ROOM);
  const mixedAt: i32 = i32.load(MIXED_AT) + 4 * a * room;
  const mixedCode: i32 = i32.load(MIXED_CODE) + 4 * a * room;
  const missesBefore: i32 = i32.load(MISSES_BEFORE) + 4 * (a * room * limits + m);
  const count = i32.load(i32.load(MIXED_COUNT) + 4 * a);
  memory.fill(hits, 0, 64);
  memory.fill(falses, 0, 64);
  for (let i = 0; i < count; i++) {
    const z = i32.load(mixedAt + 4 * i);
    if (i32.load8_u(admitted + z) > m) continue;
    const code = i32.load(mixedCode + 4 * i);
    const before = i32.load(missesBefore + 4 * i * limits);
    let missed: i32 = code >>> 16;
    let hit: i32 = code & 65535;
    while (missed !== 0) {
      const at = falses + (i32.ctz(missed) << 2);
      missed = missed & (missed - 1);
      i32.store(at, i32.load(at) + 1);
    }
    while (hit !== 0) {
      const t = i32.ctz(hit);
      hit = hit & (hit - 1);
      const found = i32.load(hits + 4 * t);
      i32.store(hits + 4 * t, found + 1);
      const at = 4 * (t * room + found);
      i32.store(hitMisses + at, i32.load(falses + 4 * t) + before);
      i32.store(hitAt + at, z);
    }
  }
}

/** Reads the curves of one size range and limit, and sets recall; -1 where no truth counts. */
function curvesOf(column: i32, m: i32, counted: i32, columns: i32): void {
  const thresholds = i32.load(THRESHOLDS);
  const recalls = i32.load(RECALLS);
  const precision: i32 = i32.load(PRECISION) + 8 * column;
  const scores: i32 = i32.load(SCORES_AT) + 8 * column;
  const recall: i32 = i32.load(RECALL) + 8 * column;
  const any = i32.load(i32.load(ADMITTED_COUNT) + 4 * m);
  for (let t = 0; t < thresholds; t++) {
    const at = 8 * t * recalls * columns;
    if (counted === 0) {
      f64.store(recall + 8 * t * columns, -1);
      for (let r = 0; r < recalls; r++) {
        f64.store(precision + at + 8 * r * columns, -1);
        f64.store(scores + at + 8 * r * columns, -1);
      }
    } else {
      const found = i32.load(i32.load(HITS) + 4 * t);
      f64.store(recall + 8 * t * columns, any > 0 ? f64(found) / f64(counted) : 0);
      curve(t, found, m, f64(counted), any, precision + at, scores + at, 8 * columns);
    }
  }
}

/** Reads one curve at the recall thresholds. */
function curve(t: i32, n: i32, m: i32, counted: f64, any: i32, precision: i32, scores: i32, stride: i32): void {
  const envelope = i32.load(ENVELOPE);
  const sorted = i32.load(SORTED);
  const recalls = i32.load(RECALLS);
  const wantedAt = i32.load(RECALL_THRESHOLDS);
  const first = 4 * t * i32.load(MIXED_ROOM);
  const hitMisses: i32 = i32.load(HIT_MISSES) + first;
  const hitAt: i32 = i32.load(HIT_AT) + first;
  let best: f64 = 0;
  for (let z = n - 1; z >= 0; z--) {
    const hits = f64(z + 1);
    const value = hits / (f64(i32.load(hitMisses + 4 * z)) + hits + EPSILON);
    if (value > best) best = value;
    f64.store(envelope + 8 * z, best);
  }
  const top: f64 = any > 0 ? f64.load(sorted + 8 * i32.load(i32.load(FIRST_ADMITTED) + 4 * m)) : 0;
  let z = 0;
  let r = 0;
  let at = 0;
  for (; r < recalls; r++) {
    const wanted = f64.load(wantedAt + 8 * r);
    if (r > 0 && wanted < f64.load(wantedAt + 8 * r - 8)) z = 0;
    if (wanted <= 0) {
      // Recall 0 is reached by the very first detection, whatever it is.
      if (any === 0) break;
      f64.store(precision + at, n > 0 ? f64.load(envelope) : 0);
      f64.store(scores + at, top);
    } else {
      while (z < n && f64(z + 1) / counted < wanted) z++;
      // The reference leaves its loop at the first recall that is not reached, also when later ones would be.
      if (z >= n || wanted !== wanted) break;
      f64.store(precision + at, f64.load(envelope + 8 * z));
      f64.store(scores + at, f64.load(sorted + 8 * i32.load(hitAt + 4 * z)));
    }
    at += stride;
  }
  for (; r < recalls; r++) {
    f64.store(precision + at, 0);
    f64.store(scores + at, 0);
    at += stride;
  }
}
