import { sharedColumn } from '../runtime.js';
import { type Kernels, kernels } from '../wasm/kernels.js';
import { AT, RUN_LIMIT } from '../wasm/layout.js';
import { measureStrings } from '../wasm/masks.js';
import { addRuns, boxOfCounts, decodeCounts, MOST_RUNS, type Runs } from './runs.js';

/** The masks of many annotations in few arrays. */
export interface Masks {
  readonly height: Uint32Array;
  readonly width: Uint32Array;
  /** Writes the run lengths of a row to out[at..] and returns how many; out has room for `runLimit(row)`. */
  read(row: number, out: Uint32Array, at: number): number;
  /** Puts the row's run lengths at FIRST_RUNS of the module's memory. @returns how many; -1 where there is no room for them */
  place(row: number, module: Kernels): number;
  /** At most this many runs has the row. */
  runLimit(row: number): number;
  /** The same masks in memory that threads can share. */
  shared(): Masks;
}

/** So many run lengths a row may have on the average, however many rows there are. Those of COCO have 300. */
const RUNS_PER_ROW = 4096;

/** Masks as decoded run lengths, appended row by row. */
export class RunPool implements Masks {
  height: Uint32Array;
  width: Uint32Array;
  private runs = new Uint32Array(1024);
  private begin: Float64Array;
  private count: Uint32Array;
  private used = 0;

  constructor(rows: number) {
    this.height = new Uint32Array(rows);
    this.width = new Uint32Array(rows);
    this.begin = new Float64Array(rows);
    this.count = new Uint32Array(rows);
  }

  set(row: number, mask: Runs): void {
    const { counts } = mask;
    addRuns(this.used, counts.length, MOST_RUNS + RUNS_PER_ROW * this.height.length);
    if (this.used + counts.length > this.runs.length) {
      const bigger = new Uint32Array(Math.max(this.runs.length * 2, this.used + counts.length));
      bigger.set(this.runs.subarray(0, this.used));
      this.runs = bigger;
    }
    const { runs, used } = this;
    for (let i = 0; i < counts.length; i++) runs[used + i] = counts[i]!;
    this.height[row] = mask.height;
    this.width[row] = mask.width;
    this.begin[row] = this.used;
    this.count[row] = counts.length;
    this.used += counts.length;
  }

  runLimit(row: number): number {
    return this.count[row]!;
  }

  place(row: number, { views: { FIRST_RUNS } }: Kernels): number {
    const begin = this.begin[row]!;
    const n = this.count[row]!;
    if (n > RUN_LIMIT) return -1;
    FIRST_RUNS.set(this.runs.subarray(begin, begin + n));
    return n;
  }

  shared(): RunPool {
    const out = new RunPool(0);
    out.height = sharedColumn(this.height);
    out.width = sharedColumn(this.width);
    out.runs = sharedColumn(this.runs, this.used);
    out.begin = sharedColumn(this.begin);
    out.count = sharedColumn(this.count);
    return out;
  }

  read(row: number, out: Uint32Array, at: number): number {
    const begin = this.begin[row]!;
    const n = this.count[row]!;
    for (let i = 0; i < n; i++) out[at + i] = this.runs[begin + i]!;
    return n;
  }
}

/** Masks as the characters of their compressed strings, decoded when they are read. */
export class StringPool implements Masks {
  readonly height: Uint32Array;
  readonly width: Uint32Array;
  readonly text: Uint8Array;
  readonly begin: Float64Array;
  readonly length: Uint32Array;

  constructor(text: Uint8Array, begin: Float64Array, length: Uint32Array, height: Uint32Array, width: Uint32Array) {
    this.text = text;
    this.begin = begin;
    this.length = length;
    this.height = height;
    this.width = width;
  }

  runLimit(row: number): number {
    return this.length[row]!;
  }

  place(row: number, module: Kernels): number {
    const begin = this.begin[row]!;
    const n = this.length[row]!;
    if (n > RUN_LIMIT) return -1;
    module.views.TEXT.set(this.text.subarray(begin, begin + n));
    return module.parseRuns(n, AT.FIRST_RUNS);
  }

  shared(): StringPool {
    const { text, begin, length, height, width } = this;
    return new StringPool(
      sharedColumn(text),
      sharedColumn(begin),
      sharedColumn(length),
      sharedColumn(height),
      sharedColumn(width),
    );
  }

  read(row: number, out: Uint32Array, at: number): number {
    const begin = this.begin[row]!;
    return decodeCounts(this.text, begin, begin + this.length[row]!, out, at);
  }
}

/** One row as a mask of its own. */
export function runsOf(masks: Masks, row: number): Runs {
  const counts = new Uint32Array(masks.runLimit(row));
  const n = masks.read(row, counts, 0);
  return { height: masks.height[row]!, width: masks.width[row]!, counts: counts.subarray(0, n) };
}

/** Sets area and box of the given rows from their masks. */
export function measure(masks: Masks, rows: readonly number[], area: Float64Array | null, boxes: Float64Array): void {
  let scratch = new Uint32Array(4096);
  const one = (row: number): void => {
    if (masks.runLimit(row) > scratch.length) scratch = new Uint32Array(2 * masks.runLimit(row));
    const n = masks.read(row, scratch, 0);
    boxOfCounts(scratch, n, masks.height[row]!, masks.width[row]!, boxes, 4 * row);
    if (area === null) return;
    let sum = 0;
    for (let j = 1; j < n; j += 2) sum = (sum + scratch[j]!) >>> 0;
    area[row] = sum;
  };
  const module = masks instanceof StringPool ? kernels() : null;
  if (module !== null) measureStrings(module, masks as StringPool, rows, area, boxes, one);
  else rows.forEach(one);
}
