import { assign, assignRanked, rank } from './assign';
import { boxIou } from './boxes';
import { oks } from './oks';
import { maskIou } from './overlap';

/**
 * Matches the detections of one image, whose columns are in place, as evaluation/matching.ts, at all thresholds and size ranges at once.
 * @param compared points of a skeleton; 0 for boxes, -1 for masks, -2 for masks and their boundaries
 */
export function matchImage(image: i32, found: i32, truths: i32, compared: i32): void {
  const cells = fillCells(found, truths);
  for (let z = 0; z < cells; z++) {
    const k = i32.load(TOUCHED + 4 * z);
    matchCell(image, k, compared);
    i32.store(FOUND_COUNTS + 4 * k, 0);
    i32.store(TRUTH_COUNTS + 4 * k, 0);
  }
}

/** Adds 1 to a word. @returns what it was */
function step(at: i32): i32 {
  const before = i32.load(at);
  i32.store(at, before + 1);
  return before;
}

/** Sorts the rows into cells, detections by descending score (stable, NaN last). @returns the number of categories */
function fillCells(found: i32, truths: i32): i32 {
  let cells = 0;
  for (let d = 0; d < found; d++) {
    const k = i32.load(FOUND_CATEGORIES + 4 * d);
    if (step(FOUND_COUNTS + 4 * k) !== 0) continue;
    i32.store(TOUCHED + 4 * cells, k);
    cells++;
  }
  for (let g = 0; g < truths; g++) {
    const k = i32.load(TRUTH_CATEGORIES + 4 * g);
    if (step(TRUTH_COUNTS + 4 * k) !== 0 || i32.load(FOUND_COUNTS + 4 * k) !== 0) continue;
    i32.store(TOUCHED + 4 * cells, k);
    cells++;
  }
  let nextFound = 0;
  let nextTruth = 0;
  for (let z = 0; z < cells; z++) {
    const k = i32.load(TOUCHED + 4 * z);
    i32.store(FOUND_FIRSTS + 4 * k, nextFound);
    nextFound += i32.load(FOUND_COUNTS + 4 * k);
    i32.store(FOUND_COUNTS + 4 * k, 0);
    i32.store(TRUTH_FIRSTS + 4 * k, nextTruth);
    nextTruth += i32.load(TRUTH_COUNTS + 4 * k);
    i32.store(TRUTH_COUNTS + 4 * k, 0);
  }
  for (let d = 0; d < found; d++) {
    const k = i32.load(FOUND_CATEGORIES + 4 * d);
    const score = f64.load(FOUND_SCORES + 8 * d);
    const first: i32 = FOUND_ROWS + 4 * i32.load(FOUND_FIRSTS + 4 * k);
    let at = first + 4 * step(FOUND_COUNTS + 4 * k);
    // Results mostly come sorted, so insertion is the quickest sort.
    while (at > first) {
      const row = i32.load(at - 4);
      const before = f64.load(FOUND_SCORES + 8 * row);
      if (!(before < score || (before !== before && score === score))) break;
      i32.store(at, row);
      at -= 4;
    }
    i32.store(at, d);
  }
  for (let g = 0; g < truths; g++) {
    const k = i32.load(TRUTH_CATEGORIES + 4 * g);
    const first: i32 = i32.load(TRUTH_FIRSTS + 4 * k);
    i32.store(TRUTH_ROWS + 4 * (first + step(TRUTH_COUNTS + 4 * k)), g);
  }
  return cells;
}

function matchCell(image: i32, k: i32, compared: i32): void {
  const ranges = i32.load(RANGES);
  const all = (1 << i32.load(THRESHOLDS)) - 1;
  const truths = i32.load(TRUTH_COUNTS + 4 * k);
  const truthRows: i32 = TRUTH_ROWS + 4 * i32.load(TRUTH_FIRSTS + 4 * k);
  const foundRows: i32 = FOUND_ROWS + 4 * i32.load(FOUND_FIRSTS + 4 * k);
  let found = i32.load(FOUND_COUNTS + 4 * k);
  if (found > i32.load(DETECTION_LIMIT)) found = i32.load(DETECTION_LIMIT);
  if (truths > 0) prepareTruths(k, truths, truthRows, ranges);
  const fill: i32 = i32.load(OUT_FILL) + 4 * k;
  let slot: i32 = i32.load(i32.load(OUT_BASE) + 4 * k) + i32.load(fill);
  i32.store(fill, i32.load(fill) + found);
  for (let j = 0; j < found; j++) {
    const row = i32.load(foundRows + 4 * j);
    f64.store(i32.load(OUT_SCORES) + 8 * slot, f64.load(FOUND_SCORES + 8 * row));
    i32.store(i32.load(OUT_RANKS) + 4 * slot, j);
    i32.store(i32.load(OUT_IMAGES) + 4 * slot, image);
    const n = truths === 0 ? 0 : candidates(row, truthRows, truths, compared);
    const ranked = n > 0 ? rank(n) : 0;
    if (n > 0) step(i32.load(OUT_MIXED) + 4 * k);
    const area = f64.load(FOUND_AREAS + 8 * row);
    const blocks = i32(f64.load(FOUND_IDS + 8 * row) > 0);
    const codes: i32 = i32.load(OUT_CODES) + 4 * slot * ranges;
    for (let a = 0; a < ranges; a++) {
      const outside = i32(area < f64.load(LOWS + 8 * a)) | i32(area > f64.load(HIGHS + 8 * a));
      let code = outside ? 0 : all << 16;
      if (ranked) code = assignRanked(n, a * truths, truthRows, blocks, outside, all);
      else if (n > 0) code = assign(n, a * truths, truthRows, blocks, outside, all);
      i32.store(codes + 4 * a, code);
    }
    slot++;
  }
}

function prepareTruths(k: i32, truths: i32, truthRows: i32, ranges: i32): void {
  const counted: i32 = i32.load(OUT_COUNTED) + 4 * k * ranges;
  memory.fill(TAKEN, 0, 4 * truths * ranges);
  for (let g = 0; g < truths; g++) {
    const row = i32.load(truthRows + 4 * g);
    const area = f64.load(TRUTH_AREAS + 8 * row);
    const ignore = i32.load8_u(TRUTH_IGNORE + row);
    for (let a = 0; a < ranges; a++) {
      const skip = ignore !== 0 || area < f64.load(LOWS + 8 * a) || area > f64.load(HIGHS + 8 * a) ? 1 : 0;
      i32.store8(IGNORED + a * truths + g, skip);
      i32.store(counted + 4 * a, i32.load(counted + 4 * a) + 1 - skip);
    }
  }
}

/**
 * Truths that are similar enough, in their order. A NaN similarity is never too small, and after matching it no other is, so that with
 * one NaN all truths are candidates.
 */
function candidates(row: i32, truthRows: i32, truths: i32, compared: i32): i32 {
  let cut = f64.load(LEAST);
  let n = 0;
  let g = 0;
  while (g < truths) {
    const truth = i32.load(truthRows + 4 * g);
    const value = similarity(row, truth, compared, cut);
    g++;
    if (value < cut) continue;
    i32.store(CANDIDATES + 4 * n, g - 1);
    f64.store(CANDIDATE_IOUS + 8 * n, value);
    n++;
    if (value !== value && cut === cut) {
      cut = value;
      n = 0;
      g = 0;
    }
  }
  return n;
}

function similarity(d: i32, g: i32, compared: i32, cut: f64): f64 {
  if (compared > 0) return oks(d, g, compared, cut);
  return compared === 0 ? boxIou(d, g) : maskIou(d, g, i32(compared === -2), cut);
}
