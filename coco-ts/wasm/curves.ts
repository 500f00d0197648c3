import {
  ADMITTED,
  ADMITTED_COUNT,
  CODES,
  COUNTED,
  DIGIT_COUNTS,
  ENVELOPE,
  FALSES,
  FIRST_ADMITTED,
  FIRST_ORDER,
  HIT_AT,
  HIT_MISSES,
  HITS,
  KEYS,
  LIMIT_OF,
  LIMITS,
  MISSES,
  MISSES_BEFORE,
  MIXED_AT,
  MIXED_CODE,
  MIXED_COUNT,
  MIXED_ROOM,
  PRECISION,
  RANGES,
  RANKS,
  RECALL,
  RECALL_THRESHOLDS,
  RECALLS,
  SCORES,
  SCORES_AT,
  SECOND_ORDER,
  SORTED,
  THRESHOLDS,
} from '../src/wasm/plan.js';

const EPSILON: f64 = 2.220446049250313e-16;
const SIGN: i64 = -9223372036854775808n;

/** The curves of one category from its `n` slots, as evaluation/curves.ts: precision and scores [T, R, A, M], recall [T, A, M]. */
export function curves(n: i32): void {
  const ranges = load32(RANGES);
  const limits = load32(LIMITS);
  walk(n, orderSlots(n), ranges, limits);
  for (let a = 0; a < ranges; a++) {
    const counted = load32(load32(COUNTED) + 4 * a);
    for (let m = 0; m < limits; m++) {
      if (counted !== 0) spread(a, m, limits);
      curvesOf(a * limits + m, m, counted, ranges * limits);
    }
  }
}

/** Positions of the slots by descending score, stably, NaN last, -0 equal to 0: by radix. @returns where they stand */
function orderSlots(n: i32): i32 {
  const scores = load32(SCORES);
  const keys = load32(KEYS);
  let first = load32(FIRST_ORDER);
  let second = load32(SECOND_ORDER);
  let vary: i64 = 0n;
  for (let i = 0; i < n; i++) {
    // Negated, so that ascending keys are descending scores; + 0 turns -0 into 0.
    const value = 0 - loadF64(scores + 8 * i);
    let key: i64 = bits(value);
    if (value !== value) key = -1n;
    else if (key < 0n) key = key ^ -1n;
    else key = key ^ SIGN;
    store64(keys + 8 * i, key);
    store32(first + 4 * i, i);
    vary = vary | (key ^ load64(keys));
  }
  const counts = load32(DIGIT_COUNTS);
  for (let shift: i64 = 0n; shift < 66n; shift += 11n) {
    // A digit that all keys share sorts nothing.
    if ((shiftUnsigned(vary, shift) & 2047n) === 0n) continue;
    fillBytes(counts, 0, 8192);
    for (let i = 0; i < n; i++) {
      const at = counts + (toInt(shiftUnsigned(load64(keys + 8 * i), shift) & 2047n) << 2);
      store32(at, load32(at) + 1);
    }
    let sum = 0;
    for (let at = counts; at < counts + 8192; at += 4) {
      const count = load32(at);
      store32(at, sum);
      sum += count;
    }
    for (let i = 0; i < n; i++) {
      const slot = load32(first + 4 * i);
      const at = counts + (toInt(shiftUnsigned(load64(keys + 8 * slot), shift) & 2047n) << 2);
      const place = load32(at);
      store32(second + 4 * place, slot);
      store32(at, place + 1);
    }
    const other = first;
    first = second;
    second = other;
  }
  return first;
}

/** Goes through the slots in score order and keeps those that are not plain misses, with the count of those before. */
function walk(n: i32, order: i32, ranges: i32, limits: i32): void {
  const scores = load32(SCORES);
  const ranks = load32(RANKS);
  const codes = load32(CODES);
  const sorted = load32(SORTED);
  const admitted = load32(ADMITTED);
  const limitOf = load32(LIMIT_OF);
  const misses = load32(MISSES);
  const mixedCount = load32(MIXED_COUNT);
  const counts = load32(ADMITTED_COUNT);
  const firsts = load32(FIRST_ADMITTED);
  const room = load32(MIXED_ROOM);
  const miss = ((1 << load32(THRESHOLDS)) - 1) << 16;
  fillBytes(mixedCount, 0, 4 * ranges);
  fillBytes(misses, 0, 4 * ranges * limits);
  fillBytes(counts, 0, 4 * limits);
  fillBytes(firsts, 255, 4 * limits);
  for (let z = 0; z < n; z++) {
    const slot = load32(order + 4 * z);
    const limit = load8(limitOf + load32(ranks + 4 * slot));
    storeF64(sorted + 8 * z, loadF64(scores + 8 * slot));
    store8(admitted + z, limit);
    if (limit < limits) {
      const at = counts + 4 * limit;
      if (load32(at) === 0) store32(firsts + 4 * limit, z);
      store32(at, load32(at) + 1);
    }
    for (let a = 0; a < ranges; a++) {
      const code = load32(codes + 4 * (slot * ranges + a));
      if (code === miss) {
        const at = misses + 4 * (a * limits + limit);
        if (limit < limits) store32(at, load32(at) + 1);
      } else if (code !== 0) {
        const count = load32(mixedCount + 4 * a);
        store32(mixedCount + 4 * a, count + 1);
        const at = a * room + count;
        store32(load32(MIXED_AT) + 4 * at, z);
        store32(load32(MIXED_CODE) + 4 * at, code);
        const before: i32 = load32(MISSES_BEFORE) + 4 * at * limits;
        let sum = 0;
        for (let m = 0; m < limits; m++) {
          sum += load32(misses + 4 * (a * limits + m));
          store32(before + 4 * m, sum);
        }
      }
    }
  }
  // A larger limit admits what a smaller one does.
  for (let m = 1; m < limits; m++) {
    store32(counts + 4 * m, load32(counts + 4 * m) + load32(counts + 4 * m - 4));
    const first = load32(firsts + 4 * m - 4);
    const own = load32(firsts + 4 * m);
    if (first >= 0 && (own < 0 || first < own)) store32(firsts + 4 * m, first);
  }
}

/** Splits the codes of one size range and limit into the hits of every threshold. */
function spread(a: i32, m: i32, limits: i32): void {
  const hits = load32(HITS);
  const falses = load32(FALSES);
  const admitted = load32(ADMITTED);
  const hitMisses = load32(HIT_MISSES);
  const hitAt = load32(HIT_AT);
  const room = load32(MIXED_ROOM);
  const mixedAt: i32 = load32(MIXED_AT) + 4 * a * room;
  const mixedCode: i32 = load32(MIXED_CODE) + 4 * a * room;
  const missesBefore: i32 = load32(MISSES_BEFORE) + 4 * (a * room * limits + m);
  const count = load32(load32(MIXED_COUNT) + 4 * a);
  fillBytes(hits, 0, 64);
  fillBytes(falses, 0, 64);
  for (let i = 0; i < count; i++) {
    const z = load32(mixedAt + 4 * i);
    if (load8(admitted + z) > m) continue;
    const code = load32(mixedCode + 4 * i);
    const before = load32(missesBefore + 4 * i * limits);
    let missed: i32 = code >>> 16;
    let hit: i32 = code & 65535;
    while (missed !== 0) {
      const at = falses + (ctz(missed) << 2);
      missed = missed & (missed - 1);
      store32(at, load32(at) + 1);
    }
    while (hit !== 0) {
      const t = ctz(hit);
      hit = hit & (hit - 1);
      const found = load32(hits + 4 * t);
      store32(hits + 4 * t, found + 1);
      const at = 4 * (t * room + found);
      store32(hitMisses + at, load32(falses + 4 * t) + before);
      store32(hitAt + at, z);
    }
  }
}

/** Reads the curves of one size range and limit, and sets recall; -1 where no truth counts. */
function curvesOf(column: i32, m: i32, counted: i32, columns: i32): void {
  const thresholds = load32(THRESHOLDS);
  const recalls = load32(RECALLS);
  const precision: i32 = load32(PRECISION) + 8 * column;
  const scores: i32 = load32(SCORES_AT) + 8 * column;
  const recall: i32 = load32(RECALL) + 8 * column;
  const any = load32(load32(ADMITTED_COUNT) + 4 * m);
  for (let t = 0; t < thresholds; t++) {
    const at = 8 * t * recalls * columns;
    if (counted === 0) {
      storeF64(recall + 8 * t * columns, -1);
      for (let r = 0; r < recalls; r++) {
        storeF64(precision + at + 8 * r * columns, -1);
        storeF64(scores + at + 8 * r * columns, -1);
      }
    } else {
      const found = load32(load32(HITS) + 4 * t);
      storeF64(recall + 8 * t * columns, any > 0 ? toF64(found) / toF64(counted) : 0);
      curve(t, found, m, toF64(counted), any, precision + at, scores + at, 8 * columns);
    }
  }
}

/** Reads one curve at the recall thresholds. */
function curve(t: i32, n: i32, m: i32, counted: f64, any: i32, precision: i32, scores: i32, stride: i32): void {
  const envelope = load32(ENVELOPE);
  const sorted = load32(SORTED);
  const recalls = load32(RECALLS);
  const wantedAt = load32(RECALL_THRESHOLDS);
  const first = 4 * t * load32(MIXED_ROOM);
  const hitMisses: i32 = load32(HIT_MISSES) + first;
  const hitAt: i32 = load32(HIT_AT) + first;
  let best: f64 = 0;
  for (let z = n - 1; z >= 0; z--) {
    const hits = toF64(z + 1);
    const value = hits / (toF64(load32(hitMisses + 4 * z)) + hits + EPSILON);
    if (value > best) best = value;
    storeF64(envelope + 8 * z, best);
  }
  const top: f64 = any > 0 ? loadF64(sorted + 8 * load32(load32(FIRST_ADMITTED) + 4 * m)) : 0;
  let z = 0;
  let r = 0;
  let at = 0;
  for (; r < recalls; r++) {
    const wanted = loadF64(wantedAt + 8 * r);
    if (r > 0 && wanted < loadF64(wantedAt + 8 * r - 8)) z = 0;
    if (wanted <= 0) {
      // Recall 0 is reached by the very first detection, whatever it is.
      if (any === 0) break;
      storeF64(precision + at, n > 0 ? loadF64(envelope) : 0);
      storeF64(scores + at, top);
    } else {
      while (z < n && toF64(z + 1) / counted < wanted) z++;
      // The reference leaves its loop at the first recall that is not reached, also when later ones would be.
      if (z >= n || wanted !== wanted) break;
      storeF64(precision + at, loadF64(envelope + 8 * z));
      storeF64(scores + at, loadF64(sorted + 8 * load32(hitAt + 4 * z)));
    }
    at += stride;
  }
  for (; r < recalls; r++) {
    storeF64(precision + at, 0);
    storeF64(scores + at, 0);
    at += stride;
  }
}
