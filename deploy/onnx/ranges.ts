import type { Calibration } from '../formatNames.js';

/** Least and greatest value that 8 bits stand for; 0 is between them, as paddings are zeros. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

/** Bins of a histogram; a power of two, so that bins are joined in pairs. */
const BINS = 4096;
/** Share of the values that a percentile keeps. */
const KEPT = 0.9999;
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
      this.#counts[bin]!++; // NaN has no bin
    }
  }

  /** The range to stand for, by the way that was chosen. */
  range(calibration: Calibration): Range {
    const all = { low: this.#low, high: this.#high };
    if (this.#width === 0 || calibration === 'minmax') return all;
    const chosen = this.#percentile();
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
}
