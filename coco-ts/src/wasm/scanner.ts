import { type AnnotationTable, HAS } from '../scan/table.js';
import type { Kernels } from './kernels.js';
import * as at from './layout.js';

/** Columns of one call as the table has them: its name, where they stand, the bits of rows that have them, numbers per row. */
const FLOATS = [
  ['id', at.ID_COLUMN, HAS.id, 1],
  ['image', at.IMAGE_COLUMN, HAS.image, 1],
  ['category', at.CATEGORY_COLUMN, HAS.category, 1],
  ['score', at.SCORE_COLUMN, HAS.score, 1],
  ['area', at.AREA_COLUMN, HAS.area, 1],
  ['keypointCount', at.KEYPOINT_COUNT_COLUMN, HAS.keypointCount, 1],
  ['boxes', at.BOX_COLUMN, HAS.box, 4],
  ['begin', at.BEGIN_COLUMN, ~0, 1],
  ['poolAt', at.POOL_AT_COLUMN, HAS.rle, 1],
] as const;
const INTEGERS = [
  ['segmentationAt', at.SEGMENTATION_AT_COLUMN, HAS.segmentation],
  ['segmentationLength', at.SEGMENTATION_LENGTH_COLUMN, HAS.segmentation],
  ['keypointsAt', at.KEYPOINTS_AT_COLUMN, HAS.keypoints],
  ['keypointsLength', at.KEYPOINTS_LENGTH_COLUMN, HAS.keypoints],
  ['length', at.LENGTH_COLUMN, ~0],
  ['poolLength', at.POOL_LENGTH_COLUMN, HAS.rle],
  ['maskHeight', at.MASK_HEIGHT_COLUMN, HAS.rle],
  ['maskWidth', at.MASK_WIDTH_COLUMN, HAS.rle],
] as const;

/** Reads rows into the table as long as they are plain. */
export class RowScanner {
  private readonly kernels: Kernels;
  private readonly table: AnnotationTable;
  private readonly length: number;
  private readonly start: number;
  private readonly floats: Float64Array;
  private readonly integers: Uint32Array;
  private readonly halves: Uint16Array;
  private readonly singles: Float32Array;
  /** Whether the end of the list was reached. */
  ended = false;

  /** `start` of the list in the file and `length` of the file tell how many rows there may be. */
  constructor(kernels: Kernels, table: AnnotationTable, start: number, length: number) {
    this.kernels = kernels;
    this.table = table;
    this.start = start;
    this.length = length;
    this.floats = kernels.floats;
    this.integers = kernels.integers;
    this.halves = new Uint16Array(kernels.memory.buffer);
    this.singles = new Float32Array(kernels.memory.buffer);
  }

  /**
   * @param p position in the window, before an object
   * @param base position of the window in the file
   * @returns the position before the object that is not plain, or behind the list
   */
  scan(p: number, base: number): number {
    const { kernels, table, floats } = this;
    let position = p + at.WINDOW;
    floats[at.STATE_BASE / 8] = base - at.WINDOW;
    for (;;) {
      const per = table.pointNumbers;
      const limit = per > 0 ? Math.min(at.ROWS, Math.floor(at.POINTS_BYTES / (8 * per))) : at.ROWS;
      const wide = table.points instanceof Float64Array;
      floats[at.STATE_FIRST / 8] = table.count + 1;
      floats[at.STATE_POOLED / 8] = table.poolUsed;
      position = kernels.scanRows(position, limit, table.keepValues ? (wide ? at.KEYPOINTS_WIDE : 1) : 0, per);
      const [rows, used, pool, stopped] = this.integers.subarray(at.STATE / 4) as unknown as [
        number,
        number,
        number,
        number,
      ];
      if (rows > 0)
        this.take(rows, used, pool, (this.length - this.start) / (base - at.WINDOW + position - this.start));
      this.ended = stopped === at.STOPPED_AT_END;
      if (stopped !== at.STOPPED_FULL) return position - at.WINDOW;
    }
  }

  /**
   * Appends the rows to the table. There is no loop over rows here or below: a few calls of each function are too few for the optimizing
   * compiler, which takes longer than the copies.
   * @param share of the file what has been read so far is 1 of
   */
  private take(rows: number, used: number, pool: number, share: number): void {
    const { table, halves, kernels } = this;
    const expected = 1.02 * share;
    if (table.count + rows > table.capacity) table.grow(Math.ceil(expected * (table.count + rows)));
    const first = table.count;
    table.has.set(halves.subarray(at.HAS_COLUMN / 2, at.HAS_COLUMN / 2 + rows), first);
    if (used & HAS.crowd) table.crowd.set(kernels.memory.subarray(at.CROWD_COLUMN, at.CROWD_COLUMN + rows), first);
    const filled = table.keepValues ? used | HAS.id | HAS.area : used;
    for (const [name, from, bits, per] of FLOATS)
      if (filled & bits) copyFloats(this.floats, from, table[name], per * first, per * rows);
    for (const [name, from, bits] of INTEGERS)
      if (filled & bits) copyIntegers(this.integers, from, table[name], first, rows);
    if (used & HAS.rle) {
      table.reservePool(pool, Math.ceil(expected * (table.poolUsed + pool)));
      table.pool.set(kernels.memory.subarray(at.POOL, at.POOL + pool), table.poolUsed);
      table.poolUsed += pool;
    }
    if (table.pointNumbers > 0) this.takePoints(rows, first);
    table.used |= used;
    table.count += rows;
  }

  private takePoints(rows: number, first: number): void {
    const { table } = this;
    const per = table.coordinates;
    table.growPoints((first + rows) * per);
    const wide = table.points instanceof Float64Array;
    const from = at.POINTS / (wide ? 8 : 4);
    table.points.set((wide ? this.floats : this.singles).subarray(from, from + rows * per), first * per);
  }
}

const copyFloats = (memory: Float64Array, from: number, to: Float64Array, first: number, count: number): void =>
  to.set(memory.subarray(from / 8, from / 8 + count), first);

const copyIntegers = (memory: Uint32Array, from: number, to: Uint32Array, first: number, count: number): void =>
  to.set(memory.subarray(from / 4, from / 4 + count), first);
