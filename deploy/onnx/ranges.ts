import type { Calibration } from '../formatNames.js';

/** Least and greatest value that 8 bits stand for; 0 is between them, as paddings are zeros. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

/** Of a histogram; a power of two, so that bins are joined in pairs. */
const BINS = 4096;
/** Steps that 8 bits have. */
const LEVELS = 256;
/** Share of the values that a percentile keeps. */
const KEPT = 0.9999;
/** Lengths that are tried for `entropy`, as a share of the bins. */
const TRIED = 128;

/** The values of one tensor, counted by size on either side of zero. */
export class Histogram {
  /** Bins of -width..0, then of 0..width. */
  readonly #counts = new Float64Array(2 * BINS);
  #width = 0;
  #low = 0;
  #high = 0;

  add(values: Float32Array): void {
    let [low, high] = [0, 0];
    for (const value of values) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
    [this.#low, this.#high] = [Math.min(this.#low, low), Math.max(this.#high, high)];
    this.#reach(Math.max(-low, high));
    if (this.#width === 0) return;
    const scale = BINS / this.#width;
    for (const value of values) {
      const bin = Math.min(2 * BINS - 1, Math.max(0, Math.floor(value * scale) + BINS));
      this.#counts[bin] = this.#counts[bin]! + 1; // NaN has no bin
    }
  }

  /** The range to stand for, by the way that was chosen. */
  range(calibration: Calibration): Range {
    const all = { low: this.#low, high: this.#high };
    if (this.#width === 0 || calibration === 'minmax') return all;
    const chosen = calibration === 'percentile' ? this.#percentile() : this.#entropy();
    return { low: Math.max(all.low, chosen.low), high: Math.min(all.high, chosen.high) };
  }

  /** Doubles the width until a value lies inside. */
  #reach(most: number): void {
    if (!Number.isFinite(most) || most <= this.#width) return;
    if (this.#width === 0) {
      this.#width = most;
      return;
    }
    while (this.#width < most) {
      this.#width *= 2;
      const joined = new Float64Array(2 * BINS);
      for (let i = 0; i < 2 * BINS; i++) {
        const target = BINS + Math.floor((i - BINS) / 2);
        joined[target] = joined[target]! + this.#counts[i]!;
      }
      this.#counts.set(joined);
    }
  }

  #edge = (bin: number): number => ((bin - BINS) * this.#width) / BINS;

  /** What is left when as many values are cut off on both sides together as `KEPT` says. */
  #percentile(): Range {
    const total = this.#counts.reduce((sum, count) => sum + count, 0);
    const cut = (total * (1 - KEPT)) / 2;
    let [first, last, below, above] = [0, 2 * BINS, 0, 0];
    while (first < BINS && below + this.#counts[first]! <= cut) below += this.#counts[first++]!;
    while (last > BINS && above + this.#counts[last - 1]! <= cut) above += this.#counts[--last]!;
    return { low: this.#edge(first), high: this.#edge(last) };
  }

  /**
   * The part of the range, from its middle of zero, whose values in 256 steps tell most of all values: least Kullback-Leibler divergence.
   *
   * @source Migacz 2017, 8-bit inference with TensorRT, GTC S7310
   */
  #entropy(): Range {
    let best = { divergence: Number.POSITIVE_INFINITY, share: 1 };
    for (let i = TRIED / 16; i <= TRIED; i++) {
      const share = i / TRIED;
      const divergence = this.#divergence(share);
      if (divergence < best.divergence) best = { divergence, share };
    }
    return { low: this.#low * best.share, high: this.#high * best.share };
  }

  #divergence(share: number): number {
    const scale = BINS / this.#width;
    const from = BINS + Math.floor(this.#low * share * scale);
    const to = Math.max(from + 1, BINS + Math.ceil(this.#high * share * scale));
    const kept = this.#counts.slice(from, to);
    const step = Math.max(1, kept.length / LEVELS);
    const sums = new Float64Array(LEVELS + 1);
    const filled = new Float64Array(LEVELS + 1);
    for (let i = 0; i < kept.length; i++) {
      const level = Math.floor(i / step);
      sums[level] = sums[level]! + kept[i]!;
      if (kept[i]! > 0) filled[level] = filled[level]! + 1;
    }
    // What is cut off counts at the ends of the wanted distribution, and is not known to the one of steps.
    let [below, above] = [0, 0];
    for (let i = 0; i < from; i++) below += this.#counts[i]!;
    for (let i = to; i < 2 * BINS; i++) above += this.#counts[i]!;
    const total = kept.reduce((sum, count) => sum + count, below + above);
    const known = total - below - above;
    let divergence = 0;
    for (let i = 0; i < kept.length; i++) {
      const wanted = (kept[i]! + (i === 0 ? below : 0) + (i === kept.length - 1 ? above : 0)) / total;
      if (wanted === 0) continue;
      const level = Math.floor(i / step);
      const told = kept[i]! > 0 ? sums[level]! / filled[level]! / known : 0;
      divergence += wanted * Math.log(wanted / Math.max(told, 1e-9));
    }
    return divergence;
  }
}
