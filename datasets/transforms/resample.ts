import { type Taps, WEIGHT_BITS } from './axis.js';

const HALF = 1 << (WEIGHT_BITS - 1);

/** Resampled source lines waiting for the second axis; grows to the largest image seen by this thread. */
let scratch = new Uint8Array(0);

/** Where the lines of the second pass go, in values: output `i` of line `n` is at origin + n * line + i * step. */
export interface Layout {
  readonly origin: number;
  readonly line: number;
  readonly step: number;
}

/**
 * Separable resampling of an 8-bit RGB image: along source columns first, since that reads memory in order, then along rows.
 *
 * @param image   [height * width * 3]
 * @param rows    taps over source rows: one line each
 * @param columns taps over source columns: one output pixel of every line each
 */
export function resample(
  image: Uint8Array,
  width: number,
  rows: Taps,
  columns: Taps,
  into: Uint8Array,
  layout: Layout,
): void {
  const lines = rows.end - rows.first;
  const length = (columns.high - columns.low) * 3;
  if (scratch.length < lines * length) scratch = new Uint8Array(lines * length);
  const rowBytes = width * 3;
  for (let i = 0; i < lines; i++) {
    const from = (rows.starts[i] as number) * rowBytes + columns.low * 3;
    const count = rows.counts[i] as number;
    const weights = rows.weights.subarray(i * rows.stride, i * rows.stride + count);
    blendRows(image, from, rowBytes, weights, scratch, i * length, length);
  }
  const narrow = columns.counts.every((count) => count <= 2);
  for (let i = 0; i < lines; i++) {
    const target = layout.origin + i * layout.line;
    if (narrow) blendPairs(scratch, i * length, columns, into, target, layout.step);
    else blendColumns(scratch, i * length, columns, into, target, layout.step);
  }
}

/** One line: a weighted sum of `weights.length` source rows, unrolled where most of the time goes. */
function blendRows(
  source: Uint8Array,
  from: number,
  rowBytes: number,
  weights: Int32Array,
  into: Uint8Array,
  target: number,
  length: number,
): void {
  const [a = 0, b = 0, c = 0, d = 0] = weights;
  if (weights.length === 1) {
    into.set(source.subarray(from, from + length), target);
  } else if (weights.length === 2) {
    for (let x = 0, p = from, q = from + rowBytes; x < length; x++, p++, q++) {
      into[target + x] = (HALF + Math.imul(source[p] as number, a) + Math.imul(source[q] as number, b)) >> WEIGHT_BITS;
    }
  } else if (weights.length <= 4) {
    const r = from + 2 * rowBytes;
    const s = weights.length === 4 ? r + rowBytes : r;
    for (let x = 0, p = from, q = from + rowBytes; x < length; x++, p++, q++) {
      into[target + x] =
        (HALF +
          Math.imul(source[p] as number, a) +
          Math.imul(source[q] as number, b) +
          Math.imul(source[r + x] as number, c) +
          Math.imul(source[s + x] as number, d)) >>
        WEIGHT_BITS;
    }
  } else {
    for (let x = 0; x < length; x++) {
      let sum = HALF;
      for (let k = 0, at = from + x; k < weights.length; k++, at += rowBytes) {
        sum += Math.imul(source[at] as number, weights[k] as number);
      }
      into[target + x] = sum >> WEIGHT_BITS;
    }
  }
}

/** One line of outputs of at most two taps: enlarging. */
function blendPairs(line: Uint8Array, from: number, taps: Taps, into: Uint8Array, target: number, step: number): void {
  const { starts, counts, weights, stride, low } = taps;
  let to = target;
  for (let i = 0; i < starts.length; i++) {
    const p = from + ((starts[i] as number) - low) * 3;
    const q = counts[i] === 2 ? p + 3 : p;
    const a = weights[i * stride] as number;
    const b = counts[i] === 2 ? (weights[i * stride + 1] as number) : 0;
    into[to] = (HALF + Math.imul(line[p] as number, a) + Math.imul(line[q] as number, b)) >> WEIGHT_BITS;
    into[to + 1] = (HALF + Math.imul(line[p + 1] as number, a) + Math.imul(line[q + 1] as number, b)) >> WEIGHT_BITS;
    into[to + 2] = (HALF + Math.imul(line[p + 2] as number, a) + Math.imul(line[q + 2] as number, b)) >> WEIGHT_BITS;
    to += step;
  }
}

/** One line of outputs of any number of taps. */
function blendColumns(
  line: Uint8Array,
  from: number,
  taps: Taps,
  into: Uint8Array,
  target: number,
  step: number,
): void {
  const { starts, counts, weights, stride, low } = taps;
  let to = target;
  for (let i = 0; i < starts.length; i++) {
    let at = from + ((starts[i] as number) - low) * 3;
    let red = HALF;
    let green = HALF;
    let blue = HALF;
    const stop = i * stride + (counts[i] as number);
    for (let k = i * stride; k < stop; k++) {
      const share = weights[k] as number;
      red += Math.imul(line[at] as number, share);
      green += Math.imul(line[at + 1] as number, share);
      blue += Math.imul(line[at + 2] as number, share);
      at += 3;
    }
    into[to] = red >> WEIGHT_BITS;
    into[to + 1] = green >> WEIGHT_BITS;
    into[to + 2] = blue >> WEIGHT_BITS;
    to += step;
  }
}
