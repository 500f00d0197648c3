import type { Candidates } from './candidates.js';
import type { Rows } from './rows.js';

/** Gives the detections of one cell, best score first, their truths: cocoeval.py's loop over thresholds, detections and truths. */
export class Assignment {
  /** Of the detection at hand. */
  readonly candidates: Candidates;
  /** Per size range and truth of the cell: thresholds at which it is taken, and whether it is ignored. */
  readonly taken: Int32Array;
  readonly ignored: Uint8Array;
  private readonly gt: Pick<Rows, 'crowd' | 'id'>;
  private readonly gtRows: Int32Array;
  private readonly thresholds: Float64Array;
  /** A bit for each threshold. */
  private readonly all: number;
  /** Candidates best first, and the thresholds each reaches. */
  private readonly ranked: Int32Array;
  private readonly reached: Int32Array;

  /** @param gtRows rows of the truths, cell after cell; at most as many in a cell as there is room in it */
  constructor(gt: Pick<Rows, 'crowd' | 'id'>, gtRows: Int32Array, thresholds: Float64Array, ranges: number) {
    const most = gtRows.length;
    this.gt = gt;
    this.gtRows = gtRows;
    this.thresholds = thresholds;
    this.all = (1 << thresholds.length) - 1;
    this.candidates = { truth: new Int32Array(most), iou: new Float64Array(most) };
    this.taken = new Int32Array(most * ranges);
    this.ignored = new Uint8Array(most * ranges);
    this.ranked = new Int32Array(most);
    this.reached = new Int32Array(most);
  }

  /**
   * The candidates of a detection, best first, of equal ones the last first; for each the thresholds it reaches.
   * @returns false with a NaN among them, after which no order is left
   */
  rank(n: number): boolean {
    const { thresholds, ranked, reached } = this;
    const { iou } = this.candidates;
    for (let x = 0; x < n; x++) {
      const value = iou[x]!;
      if (Number.isNaN(value)) return false;
      let at = x;
      while (at > 0 && iou[ranked[at - 1]!]! <= value) {
        ranked[at] = ranked[at - 1]!;
        at--;
      }
      ranked[at] = x;
      let bits = 0;
      for (let t = 0; t < thresholds.length; t++) if (value >= thresholds[t]!) bits |= 1 << t;
      reached[x] = bits;
    }
    return true;
  }

  /**
   * `assign` for ranked candidates, all thresholds at once: a truth takes the thresholds that it reaches, that are free, and at which no
   * better one was. Counted truths come first; ignored ones only get what is left.
   */
  assignRanked(n: number, at: number, firstTruth: number, blocks: boolean, outside: boolean): number {
    const { taken, ignored, gtRows, ranked, reached, all } = this;
    const { crowd, id } = this.gt;
    const { truth } = this.candidates;
    let open = all;
    let hit = 0;
    let skip = 0;
    for (let pass = 0; pass < 2 && open !== 0; pass++) {
      for (let z = 0; z < n && open !== 0; z++) {
        const x = ranked[z]!;
        const g = truth[x]!;
        if (ignored[at + g] !== pass) continue;
        const row = gtRows[firstTruth + g]!;
        const bits = open & reached[x]! & (crowd[row] === 0 ? ~taken[at + g]! : -1);
        if (bits === 0) continue;
        open &= ~bits;
        if (blocks) taken[at + g]! |= bits;
        if (pass === 1) skip |= bits;
        if (id[row] !== 0) hit |= bits;
      }
    }
    if (outside) skip |= ~hit & all;
    return (hit & ~skip) | ((all & ~hit & ~skip) << 16);
  }

  /** Matches one detection threshold by threshold in one size range; `at` is where the range's truths begin in taken and ignored. */
  assign(n: number, at: number, firstTruth: number, blocks: boolean, outside: boolean): number {
    const { thresholds, taken, ignored, gtRows, all } = this;
    const { crowd, id } = this.gt;
    const { truth, iou } = this.candidates;
    let hit = 0;
    let skip = 0;
    for (let t = 0; t < thresholds.length; t++) {
      const bit = 1 << t;
      let match = -1;
      // Counted truths first; ignored ones only when none of them matches.
      for (let pass = 0; pass < 2 && match < 0; pass++) {
        let best = thresholds[t]!;
        for (let x = 0; x < n; x++) {
          const g = truth[x]!;
          if (ignored[at + g] !== pass) continue;
          if (taken[at + g]! & bit && crowd[gtRows[firstTruth + g]!] === 0) continue;
          const value = iou[x]!;
          if (value < best) continue;
          best = value;
          match = g;
        }
      }
      if (match < 0) continue;
      if (blocks) taken[at + match]! |= bit;
      if (ignored[at + match]) skip |= bit;
      if (id[gtRows[firstTruth + match]!] !== 0) hit |= bit;
    }
    if (outside) skip |= ~hit & all;
    return (hit & ~skip) | ((all & ~hit & ~skip) << 16);
  }
}
