import { MaskError } from '../errors.js';
import type { Runs } from './runs.js';

/** Union (or intersection) of masks, run by run as rleMerge. Masks of different size give an empty 0x0 mask. */
export function mergeRuns(masks: readonly Runs[], intersect = false): Runs {
  const head = masks[0];
  if (head === undefined) return { height: 0, width: 0, counts: new Uint32Array(0) };
  const { height, width } = head;
  if (masks.some((mask) => mask.height !== height || mask.width !== width))
    return { height: 0, width: 0, counts: new Uint32Array(0) };
  let parts = masks.map(({ counts }) => counts);
  // One after another, the union of many would be gone through as often as there are masks.
  if (parts.length > MANY && masks.every(isPlain)) parts = inPairs(parts, intersect);
  const counts = parts.slice(1).reduce((all, next) => mergePair(all, next, intersect), parts[0]!);
  return { height, width, counts: counts === head.counts ? counts.slice() : counts };
}

/** More masks than these are merged in pairs. */
export const MANY = 16;

/** Neighbours merged, and these again, until few are left. */
function inPairs(parts: Uint32Array[], intersect: boolean): Uint32Array[] {
  let left = parts;
  while (left.length > MANY)
    left = Array.from({ length: Math.ceil(left.length / 2) }, (_, i) =>
      2 * i + 1 < left.length ? mergePair(left[2 * i]!, left[2 * i + 1]!, intersect) : left[2 * i]!,
    );
  return left;
}

/** Whether the runs fill the mask and none but the first has no length: then the order of merging changes no bit. */
function isPlain({ counts, height, width }: Runs): boolean {
  let sum = 0;
  for (let i = 0; i < counts.length; i++) {
    if (counts[i] === 0 && i > 0) return false;
    sum += counts[i]!;
  }
  return sum === height * width && counts.length > 0;
}

function mergePair(first: Uint32Array, second: Uint32Array, intersect: boolean): Uint32Array {
  const na = first.length;
  const nb = second.length;
  const out = new Uint32Array(na + nb + 1);
  let m = 0;
  let ca = na > 0 ? first[0]! : 0;
  let cb = nb > 0 ? second[0]! : 0;
  let a = 1;
  let b = 1;
  let va = false;
  let vb = false;
  let value = false;
  let run = 0;
  for (;;) {
    const step = Math.min(ca, cb);
    run += step;
    const before = a + b;
    ca -= step;
    cb -= step;
    if (ca === 0 && a < na) {
      ca = first[a++]!;
      va = !va;
    }
    if (cb === 0 && b < nb) {
      cb = second[b++]!;
      vb = !vb;
    }
    const done = ca === 0 && cb === 0;
    if (!done && step === 0 && a + b === before) throw unequalLengths();
    const previous: boolean = value;
    value = intersect ? va && vb : va || vb;
    if (value !== previous || done) {
      out[m++] = run;
      run = 0;
    }
    if (done) return out.slice(0, m);
  }
}

/**
 * Pixels of intersection over union of two masks of one size; for a crowd truth over the detection's area instead.
 * The caller has found that their boxes touch.
 */
export function runsIou(detection: Runs, truth: Runs, crowd: boolean, detectionArea: number): number {
  if (detection.height !== truth.height || detection.width !== truth.width) return -1;
  const da = detection.counts;
  const ga = truth.counts;
  const na = da.length;
  const nb = ga.length;
  let ca = na > 0 ? da[0]! : 0;
  let cb = nb > 0 ? ga[0]! : 0;
  let a = 1;
  let b = 1;
  let va = 0;
  let vb = 0;
  let both = 0;
  let either = 0;
  while (ca !== 0 || cb !== 0 || a === 1) {
    const step = Math.min(ca, cb);
    if (va | vb) either += step;
    if (va & vb) both += step;
    const before = a + b;
    ca -= step;
    cb -= step;
    if (ca === 0 && a < na) {
      ca = da[a++]!;
      va ^= 1;
    }
    if (cb === 0 && b < nb) {
      cb = ga[b++]!;
      vb ^= 1;
    }
    if (ca === 0 && cb === 0) break;
    if (step === 0 && a + b === before) throw unequalLengths();
  }
  const intersection = both >>> 0;
  if (intersection === 0) return 0;
  return intersection / (crowd ? detectionArea : either >>> 0);
}

const unequalLengths = (): MaskError =>
  new MaskError(
    'two RLEs of one size cover different numbers of pixels: one of them does not fill its mask',
    'ValueError',
  );
