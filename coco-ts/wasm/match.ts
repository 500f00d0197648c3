import {
  CANDIDATE_IOUS,
  CANDIDATES,
  FOUND_AREAS,
  FOUND_BOXES,
  FOUND_CATEGORIES,
  FOUND_COUNTS,
  FOUND_FIRSTS,
  FOUND_IDS,
  FOUND_ROWS,
  FOUND_SCORES,
  HIGHS,
  IGNORED,
  LOWS,
  TAKEN,
  TOUCHED,
  TRUTH_AREAS,
  TRUTH_BOXES,
  TRUTH_CATEGORIES,
  TRUTH_COUNTS,
  TRUTH_CROWD,
  TRUTH_FIRSTS,
  TRUTH_IGNORE,
  TRUTH_ROWS,
} from '../src/wasm/layout.js';
import {
  DETECTION_LIMIT,
  LEAST,
  OUT_BASE,
  OUT_CODES,
  OUT_COUNTED,
  OUT_FILL,
  OUT_IMAGES,
  OUT_MIXED,
  OUT_RANKS,
  OUT_SCORES,
  RANGES,
  THRESHOLDS,
} from '../src/wasm/plan.js';
import { assign, assignRanked, rank } from './assign.js';
import { oks } from './oks.js';

/**
 * Matches the detections of one image, whose columns are in place, as evaluation/matcher.ts.
 * @param points of a skeleton; 0 to compare boxes
 */
export function matchImage(image: i32, found: i32, truths: i32, points: i32): void {
  const cells = fillCells(found, truths);
  for (let z = 0; z < cells; z++) {
    const k = load32(TOUCHED + 4 * z);
    matchCell(image, k, points);
    store32(FOUND_COUNTS + 4 * k, 0);
    store32(TRUTH_COUNTS + 4 * k, 0);
  }
}

/** Adds 1 to a word. @returns what it was */
function step(at: i32): i32 {
  const before = load32(at);
  store32(at, before + 1);
  return before;
}

/** Sorts the rows into cells, detections by descending score (stable, NaN last). @returns the number of categories */
function fillCells(found: i32, truths: i32): i32 {
  let cells = 0;
  for (let d = 0; d < found; d++) {
    const k = load32(FOUND_CATEGORIES + 4 * d);
    if (step(FOUND_COUNTS + 4 * k) !== 0) continue;
    store32(TOUCHED + 4 * cells, k);
    cells++;
  }
  for (let g = 0; g < truths; g++) {
    const k = load32(TRUTH_CATEGORIES + 4 * g);
    if (step(TRUTH_COUNTS + 4 * k) !== 0 || load32(FOUND_COUNTS + 4 * k) !== 0) continue;
    store32(TOUCHED + 4 * cells, k);
    cells++;
  }
  let nextFound = 0;
  let nextTruth = 0;
  for (let z = 0; z < cells; z++) {
    const k = load32(TOUCHED + 4 * z);
    store32(FOUND_FIRSTS + 4 * k, nextFound);
    nextFound += load32(FOUND_COUNTS + 4 * k);
    store32(FOUND_COUNTS + 4 * k, 0);
    store32(TRUTH_FIRSTS + 4 * k, nextTruth);
    nextTruth += load32(TRUTH_COUNTS + 4 * k);
    store32(TRUTH_COUNTS + 4 * k, 0);
  }
  for (let d = 0; d < found; d++) {
    const k = load32(FOUND_CATEGORIES + 4 * d);
    const score = loadF64(FOUND_SCORES + 8 * d);
    const first: i32 = FOUND_ROWS + 4 * load32(FOUND_FIRSTS + 4 * k);
    let at = first + 4 * step(FOUND_COUNTS + 4 * k);
    // Results mostly come sorted, so insertion is the quickest sort.
    while (at > first) {
      const row = load32(at - 4);
      const before = loadF64(FOUND_SCORES + 8 * row);
      if (!(before < score || (before !== before && score === score))) break;
      store32(at, row);
      at -= 4;
    }
    store32(at, d);
  }
  for (let g = 0; g < truths; g++) {
    const k = load32(TRUTH_CATEGORIES + 4 * g);
    const first: i32 = load32(TRUTH_FIRSTS + 4 * k);
    store32(TRUTH_ROWS + 4 * (first + step(TRUTH_COUNTS + 4 * k)), g);
  }
  return cells;
}

function matchCell(image: i32, k: i32, points: i32): void {
  const ranges = load32(RANGES);
  const all = (1 << load32(THRESHOLDS)) - 1;
  const truths = load32(TRUTH_COUNTS + 4 * k);
  const truthRows: i32 = TRUTH_ROWS + 4 * load32(TRUTH_FIRSTS + 4 * k);
  const foundRows: i32 = FOUND_ROWS + 4 * load32(FOUND_FIRSTS + 4 * k);
  let found = load32(FOUND_COUNTS + 4 * k);
  if (found > load32(DETECTION_LIMIT)) found = load32(DETECTION_LIMIT);
  if (truths > 0) prepareTruths(k, truths, truthRows, ranges);
  const fill: i32 = load32(OUT_FILL) + 4 * k;
  let slot: i32 = load32(load32(OUT_BASE) + 4 * k) + load32(fill);
  store32(fill, load32(fill) + found);
  for (let j = 0; j < found; j++) {
    const row = load32(foundRows + 4 * j);
    storeF64(load32(OUT_SCORES) + 8 * slot, loadF64(FOUND_SCORES + 8 * row));
    store32(load32(OUT_RANKS) + 4 * slot, j);
    store32(load32(OUT_IMAGES) + 4 * slot, image);
    const n = truths === 0 ? 0 : candidates(row, truthRows, truths, points);
    const ranked = n > 0 ? rank(n) : 0;
    if (n > 0) step(load32(OUT_MIXED) + 4 * k);
    const area = loadF64(FOUND_AREAS + 8 * row);
    const blocks = bit(loadF64(FOUND_IDS + 8 * row) > 0);
    const codes: i32 = load32(OUT_CODES) + 4 * slot * ranges;
    for (let a = 0; a < ranges; a++) {
      const outside = bit(area < loadF64(LOWS + 8 * a)) | bit(area > loadF64(HIGHS + 8 * a));
      let code = outside ? 0 : all << 16;
      if (ranked) code = assignRanked(n, a * truths, truthRows, blocks, outside, all);
      else if (n > 0) code = assign(n, a * truths, truthRows, blocks, outside, all);
      store32(codes + 4 * a, code);
    }
    slot++;
  }
}

function prepareTruths(k: i32, truths: i32, truthRows: i32, ranges: i32): void {
  const counted: i32 = load32(OUT_COUNTED) + 4 * k * ranges;
  fillBytes(TAKEN, 0, 4 * truths * ranges);
  for (let g = 0; g < truths; g++) {
    const row = load32(truthRows + 4 * g);
    const area = loadF64(TRUTH_AREAS + 8 * row);
    const ignore = load8(TRUTH_IGNORE + row);
    for (let a = 0; a < ranges; a++) {
      const skip = ignore !== 0 || area < loadF64(LOWS + 8 * a) || area > loadF64(HIGHS + 8 * a) ? 1 : 0;
      store8(IGNORED + a * truths + g, skip);
      store32(counted + 4 * a, load32(counted + 4 * a) + 1 - skip);
    }
  }
}

/** As evaluation/candidates.ts: truths that are similar enough, or all of them with a NaN among their similarities. */
function candidates(row: i32, truthRows: i32, truths: i32, points: i32): i32 {
  let cut = loadF64(LEAST);
  let n = 0;
  let g = 0;
  while (g < truths) {
    const truth = load32(truthRows + 4 * g);
    const value: f64 = points > 0 ? oks(row, truth, points, cut) : boxIou(row, truth);
    g++;
    if (value < cut) continue;
    store32(CANDIDATES + 4 * n, g - 1);
    storeF64(CANDIDATE_IOUS + 8 * n, value);
    n++;
    if (value !== value && cut === cut) {
      cut = value;
      n = 0;
      g = 0;
    }
  }
  return n;
}

/** As mask/boxes.ts; a NaN loses against a number. */
function boxIou(d: i32, g: i32): f64 {
  const found: i32 = FOUND_BOXES + 32 * d;
  const truth: i32 = TRUTH_BOXES + 32 * g;
  const dx = loadF64(found);
  const dw = loadF64(found, 16);
  const gx = loadF64(truth);
  const gw = loadF64(truth, 16);
  const w = fmin(dw + dx, gw + gx) - fmax(dx, gx);
  if (w <= 0) return 0;
  const dy = loadF64(found, 8);
  const dh = loadF64(found, 24);
  const gy = loadF64(truth, 8);
  const gh = loadF64(truth, 24);
  const h = fmin(dh + dy, gh + gy) - fmax(dy, gy);
  if (h <= 0) return 0;
  const intersection = w * h;
  const area = dw * dh;
  return intersection / (load8(TRUTH_CROWD + g) === 1 ? area : area + gw * gh - intersection);
}

/** @inline */
function fmin(a: f64, b: f64): f64 {
  return pickF64(a, b, a < b || b !== b);
}

/** @inline */
function fmax(a: f64, b: f64): f64 {
  return pickF64(a, b, a > b || b !== b);
}
