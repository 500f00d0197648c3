import { runsIou } from './overlap.js';
import { type Masks, runsOf } from './pool.js';

/**
 * Masks of the image at hand as intervals of foreground, decoded when first wanted. For masks whose runs fill them exactly the union
 * follows from areas and intersection, so that only foreground has to be walked; others go the reference's way.
 */
export class MaskScratch {
  readonly masks: Masks;
  /** Interval i of a mask: ends[2i] up to, not including, ends[2i + 1]. */
  ends = new Uint32Array(4096);
  private runs = new Uint32Array(1024);
  private used = 0;
  private readonly stamp: Int32Array;
  private image = 0;
  private readonly begin: Int32Array;
  private readonly count: Int32Array;
  private readonly pixels: Float64Array;

  constructor(masks: Masks, rows: number) {
    this.masks = masks;
    this.stamp = new Int32Array(rows);
    this.begin = new Int32Array(rows);
    this.count = new Int32Array(rows);
    this.pixels = new Float64Array(rows);
  }

  /** Forgets the masks of the image before. */
  nextImage(): void {
    this.image++;
    this.used = 0;
  }

  /** Makes the row's intervals available. */
  load(row: number): void {
    if (this.stamp[row] === this.image) return;
    this.stamp[row] = this.image;
    const limit = this.masks.runLimit(row);
    if (limit > this.runs.length) this.runs = new Uint32Array(2 * limit);
    if (this.used + limit + 1 > this.ends.length) {
      const bigger = new Uint32Array(2 * (this.used + limit + 1));
      bigger.set(this.ends.subarray(0, this.used));
      this.ends = bigger;
    }
    const { runs, ends, masks } = this;
    const n = masks.read(row, runs, 0);
    let out = this.used;
    let p = 0;
    let area = 0;
    for (let j = 0; j + 1 < n; j += 2) {
      const start = p + runs[j]!;
      const length = runs[j + 1]!;
      p = start + length;
      if (length === 0) continue;
      ends[out++] = start;
      ends[out++] = p;
      area += length;
    }
    if (n & 1) p += runs[n - 1]!;
    const filled = p === masks.height[row]! * masks.width[row]!;
    this.begin[row] = this.used;
    this.count[row] = out - this.used;
    this.pixels[row] = filled ? area : -1;
    this.used = out;
  }

  /** First interval of a loaded row. */
  from(row: number): number {
    return this.begin[row]!;
  }

  /** Behind its last interval. */
  to(row: number): number {
    return this.begin[row]! + this.count[row]!;
  }

  /** Foreground pixels of a loaded row; -1 when its runs do not fill the mask. */
  area(row: number): number {
    return this.pixels[row]!;
  }
}

/** Leaves room for the rounding of the bound below. */
const CERTAIN = 1 - 1e-9;

/** `runsIou` of two rows, or 0 where the result is certainly below `least`. */
export function sharedPixels(
  dt: MaskScratch,
  d: number,
  gt: MaskScratch,
  g: number,
  crowd: boolean,
  dtBoxes: Float64Array,
  gtBoxes: Float64Array,
  least: number,
): number {
  if (dt.masks.height[d] !== gt.masks.height[g] || dt.masks.width[d] !== gt.masks.width[g]) return -1;
  dt.load(d);
  gt.load(g);
  const da = dt.area(d);
  const ga = gt.area(g);
  if (da < 0 || ga < 0) {
    const detection = runsOf(dt.masks, d);
    let area = 0;
    for (let j = 1; j < detection.counts.length; j += 2) area = (area + detection.counts[j]!) >>> 0;
    return runsIou(detection, runsOf(gt.masks, g), crowd, area);
  }
  const w =
    Math.min(dtBoxes[4 * d]! + dtBoxes[4 * d + 2]!, gtBoxes[4 * g]! + gtBoxes[4 * g + 2]!) -
    Math.max(dtBoxes[4 * d]!, gtBoxes[4 * g]!);
  const h =
    Math.min(dtBoxes[4 * d + 1]! + dtBoxes[4 * d + 3]!, gtBoxes[4 * g + 1]! + gtBoxes[4 * g + 3]!) -
    Math.max(dtBoxes[4 * d + 1]!, gtBoxes[4 * g + 1]!);
  const most = Math.min(w * h, da, ga);
  const bound = most / (crowd ? da : da + ga - most);
  if (bound < least * CERTAIN) return 0;
  const both = intersection(dt.ends, dt.from(d), dt.to(d), gt.ends, gt.from(g), gt.to(g));
  if (both === 0) return 0;
  return both / (crowd ? da : da + ga - both);
}

function intersection(a: Uint32Array, i: number, iEnd: number, b: Uint32Array, j: number, jEnd: number): number {
  let sum = 0;
  while (i < iEnd && j < jEnd) {
    const a0 = a[i]!;
    const a1 = a[i + 1]!;
    const b0 = b[j]!;
    const b1 = b[j + 1]!;
    const low = Math.max(a0, b0);
    const high = Math.min(a1, b1);
    if (high > low) sum += high - low;
    if (a1 < b1) i += 2;
    else j += 2;
  }
  return sum;
}
