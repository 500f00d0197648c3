/**
 * Gives the detections of one cell, best score first, their truths: cocoeval.py's loop over thresholds, detections and truths. `at` is
 * where a size range's truths begin, `truthRows` where the cell's rows stand.
 */

/** Ranks the candidates, best first, of equal ones the last first; for each the thresholds it reaches. @returns 0 with a NaN */
export function rank(n: i32): i32 {
  const thresholds = i32.load(THRESHOLDS);
  for (let x = 0; x < n; x++) {
    const value = f64.load(CANDIDATE_IOUS + 8 * x);
    if (value !== value) return 0;
    let at: i32 = RANKED + 4 * x;
    while (at > RANKED && f64.load(CANDIDATE_IOUS + 8 * i32.load(at - 4)) <= value) {
      i32.store(at, i32.load(at - 4));
      at -= 4;
    }
    i32.store(at, x);
    let reached = 0;
    for (let t = 0; t < thresholds; t++) reached = reached | (i32(value >= f64.load(IOU_THRESHOLDS + 8 * t)) << t);
    i32.store(REACHED + 4 * x, reached);
  }
  return 1;
}

/**
 * All thresholds at once: a truth takes the thresholds that it reaches, that are free, and at which no better one was. Counted truths
 * come first; ignored ones only get what is left.
 */
export function assignRanked(n: i32, at: i32, truthRows: i32, blocks: i32, outside: i32, all: i32): i32 {
  let open = all;
  let hit = 0;
  let skip = 0;
  for (let pass = 0; pass < 2; pass++) {
    for (let z = 0; z < n; z++) {
      const x = i32.load(RANKED + 4 * z);
      const g = i32.load(CANDIDATES + 4 * x);
      if (i32.load8_u(IGNORED + at + g) !== pass) continue;
      const row = i32.load(truthRows + 4 * g);
      const taken: i32 = TAKEN + 4 * (at + g);
      const free = i32.load8_u(TRUTH_CROWD + row) === 0 ? i32.load(taken) ^ -1 : -1;
      const reached = open & i32.load(REACHED + 4 * x) & free;
      if (reached === 0) continue;
      open = open & (reached ^ -1);
      if (blocks) i32.store(taken, i32.load(taken) | reached);
      if (pass === 1) skip = skip | reached;
      if (f64.load(TRUTH_IDS + 8 * row) !== 0) hit = hit | reached;
      if (open === 0) break;
    }
    if (open === 0) break;
  }
  return outcome(hit, skip, outside, all);
}

/** Threshold by threshold, with a NaN among the candidates. */
export function assign(n: i32, at: i32, truthRows: i32, blocks: i32, outside: i32, all: i32): i32 {
  const thresholds = i32.load(THRESHOLDS);
  let hit = 0;
  let skip = 0;
  for (let t = 0; t < thresholds; t++) {
    const one = 1 << t;
    let match = -1;
    // Counted truths first; ignored ones only when none of them matches.
    for (let pass = 0; pass < 2; pass++) {
      if (match >= 0) break;
      let best = f64.load(IOU_THRESHOLDS + 8 * t);
      for (let x = 0; x < n; x++) {
        const g = i32.load(CANDIDATES + 4 * x);
        if (i32.load8_u(IGNORED + at + g) !== pass) continue;
        const taken = i32.load(TAKEN + 4 * (at + g)) & one;
        if (taken !== 0 && i32.load8_u(TRUTH_CROWD + i32.load(truthRows + 4 * g)) === 0) continue;
        const value = f64.load(CANDIDATE_IOUS + 8 * x);
        if (value < best) continue;
        best = value;
        match = g;
      }
    }
    if (match < 0) continue;
    const mark: i32 = TAKEN + 4 * (at + match);
    if (blocks) i32.store(mark, i32.load(mark) | one);
    if (i32.load8_u(IGNORED + at + match)) skip = skip | one;
    if (f64.load(TRUTH_IDS + 8 * i32.load(truthRows + 4 * match)) !== 0) hit = hit | one;
  }
  return outcome(hit, skip, outside, all);
}

function outcome(hit: i32, skip: i32, outside: i32, all: i32): i32 {
  const ignored = outside ? skip | (all & (hit ^ -1)) : skip;
  return (hit & (ignored ^ -1)) | ((all & (hit ^ -1) & (ignored ^ -1)) << 16);
}
