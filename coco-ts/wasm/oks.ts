const UNDERFLOW: f64 = 746;
/** Math.exp of the host. */
declare function exp(value: f64): f64;

const SPACING: f64 = 2.220446049250313e-16;

/**
 * Object keypoint similarity of a detection and a truth of the image, as evaluation/similarity.ts; what is certainly below `small` may
 * be 0.
 * @param points at most 128 of each skeleton
 */
export function oks(d: i32, g: i32, points: i32, small: f64): f64 {
  const truth: i32 = TRUTH_POINTS + 24 * points * g;
  const found: i32 = FOUND_POINTS + 16 * points * d;
  const scale = f64.load(TRUTH_AREAS + 8 * g) + SPACING;
  let labelled = 0;
  for (let i = 0; i < points; i++) labelled += i32(f64.load(truth + 24 * i, 16) > 0);
  // Every term is at most 1, so that more than this missing is too much; 1 - 1e-9.
  const spare = f64(labelled > 0 ? labelled : points) * (1 - small * 0.999999999);
  if (labelled === 0) return outsideBox(g, found, scale, points, spare);
  if (apart(truth, found, scale, points, spare)) return 0;
  return similarity(truth, found, scale, points, spare);
}

/**
 * Whether the points are so far from the truth's that it takes no exponential to see that too much is missing: 1 / (1 + e) is never
 * below exp(-e).
 */
function apart(truth: i32, found: i32, scale: f64, points: i32, spare: f64): i32 {
  if (!(scale > 0)) return 0;
  const factor = 0.5 / scale;
  let missing: f64 = 0;
  for (let i = 0; i < points; i++) {
    const at = 24 * i;
    if (!(f64.load(truth + at, 16) > 0)) continue;
    const dx = f64.load(found + 16 * i) - f64.load(truth + at);
    const dy = f64.load(found + 16 * i, 8) - f64.load(truth + at, 8);
    const e = ((dx * dx + dy * dy) * factor) / f64.load(VARIANCES + 8 * i);
    missing += e > 1e12 ? 1 : e / (1 + e);
    if (missing > spare) return 1;
  }
  return 0;
}

/** OKS with a truth that has labelled points. */
function similarity(truth: i32, found: i32, scale: f64, points: i32, spare: f64): f64 {
  let missing: f64 = 0;
  let n = 0;
  for (let i = 0; i < points; i++) {
    const at = 24 * i;
    if (!(f64.load(truth + at, 16) > 0)) continue;
    const dx = f64.load(found + 16 * i) - f64.load(truth + at);
    const dy = f64.load(found + 16 * i, 8) - f64.load(truth + at, 8);
    const e = (dx * dx + dy * dy) / f64.load(VARIANCES + 8 * i) / scale / 2;
    const term: f64 = e > UNDERFLOW ? 0 : exp(-e);
    f64.store(TERMS + 8 * n, term);
    n++;
    missing += 1 - term;
    if (missing > spare) return 0;
  }
  return pairwiseSum(n) / f64(n);
}

/** OKS with a truth that has no labelled points: distances outside its doubled box. */
function outsideBox(g: i32, found: i32, scale: f64, points: i32, spare: f64): f64 {
  const box: i32 = TRUTH_BOXES + 32 * g;
  const left = f64.load(box);
  const top = f64.load(box, 8);
  const w = f64.load(box, 16);
  const h = f64.load(box, 24);
  let missing: f64 = 0;
  for (let i = 0; i < points; i++) {
    const x = f64.load(found + 16 * i);
    const y = f64.load(found + 16 * i, 8);
    const dx = f64.max(0, left - w - x) + f64.max(0, x - (left + w * 2));
    const dy = f64.max(0, top - h - y) + f64.max(0, y - (top + h * 2));
    const e = (dx * dx + dy * dy) / f64.load(VARIANCES + 8 * i) / scale / 2;
    // Inside, most often, the exponential is known.
    const term: f64 = e > UNDERFLOW ? 0 : e === 0 ? 1 : exp(-e);
    f64.store(TERMS + 8 * i, term);
    missing += 1 - term;
    if (missing > spare) return 0;
  }
  return pairwiseSum(points) / f64(points);
}

/** numpy's sum of at most 128 terms: eight accumulators. */
function pairwiseSum(count: i32): f64 {
  let sum: f64 = 0;
  if (count < 8) {
    if (count > 0) sum = f64.load(TERMS);
    for (let i = 1; i < count; i++) sum += f64.load(TERMS + 8 * i);
    return sum;
  }
  const end: i32 = count & -8;
  let r0 = f64.load(TERMS);
  let r1 = f64.load(TERMS + 8);
  let r2 = f64.load(TERMS + 16);
  let r3 = f64.load(TERMS + 24);
  let r4 = f64.load(TERMS + 32);
  let r5 = f64.load(TERMS + 40);
  let r6 = f64.load(TERMS + 48);
  let r7 = f64.load(TERMS + 56);
  for (let i = 8; i < end; i += 8) {
    const at: i32 = TERMS + 8 * i;
    r0 += f64.load(at);
    r1 += f64.load(at, 8);
    r2 += f64.load(at, 16);
    r3 += f64.load(at, 24);
    r4 += f64.load(at, 32);
    r5 += f64.load(at, 40);
    r6 += f64.load(at, 48);
    r7 += f64.load(at, 56);
  }
  sum = r0 + r1 + (r2 + r3) + (r4 + r5 + (r6 + r7));
  for (let i = end; i < count; i++) sum += f64.load(TERMS + 8 * i);
  return sum;
}
