import { type AnnotationTable, HAS } from '../scan/table.js';
import type { Kernels } from './kernels.js';
import * as at from './layout.js';

/** Columns of one call as the table has them: its name, where they stand, the bit of rows that have them, numbers per row. */
const FLOATS = [
  ['id', at.ID_COLUMN, HAS.id, 1],
  ['image', at.IMAGE_COLUMN, HAS.image, 1],
  ['category', at.CATEGORY_COLUMN, HAS.category, 1],
  ['score', at.SCORE_COLUMN, HAS.score, 1],
  ['area', at.AREA_COLUMN, HAS.area, 1],
  ['keypointCount', at.KEYPOINT_COUNT_COLUMN, HAS.keypointCount, 1],
  ['boxes', at.BOX_COLUMN, HAS.box, 4],
] as const;
const INTEGERS = [
  ['segmentationAt', at.SEGMENTATION_AT_COLUMN, HAS.segmentation],
  ['segmentationLength', at.SEGMENTATION_LENGTH_COLUMN, HAS.segmentation],
  ['keypointsAt', at.KEYPOINTS_AT_COLUMN, HAS.keypoints],
  ['keypointsLength', at.KEYPOINTS_LENGTH_COLUMN, HAS.keypoints],
  ['poolLength', at.POOL_LENGTH_COLUMN, HAS.rle],
  ['maskHeight', at.MASK_HEIGHT_COLUMN, HAS.rle],
  ['maskWidth', at.MASK_WIDTH_COLUMN, HAS.rle],
] as const;

/** Reads rows into the table as long as they are plain. */
export class RowScanner {
  private readonly kernels: Kernels;
  private readonly table: AnnotationTable;
  private readonly floats: Float64Array;
  private readonly integers: Uint32Array;
  private readonly halves: Uint16Array;
  /** Whether the end of the list was reached. */
  ended = false;

  constructor(kernels: Kernels, table: AnnotationTable) {
    this.kernels = kernels;
    this.table = table;
    this.floats = kernels.floats;
    this.integers = kernels.integers;
    this.halves = new Uint16Array(kernels.memory.buffer);
  }

  /**
   * @param p position in the window, before an object
   * @param base position of the window in the file
   * @returns the position before the object that is not plain, or behind the list
   */
  scan(p: number, base: number): number {
    const { kernels, table } = this;
    let position = p + at.WINDOW;
    for (;;) {
      const per = table.pointNumbers;
      const limit = per > 0 ? Math.min(at.ROWS, Math.floor(at.POINTS_BYTES / (8 * per))) : at.ROWS;
      position = kernels.scanRows(position, limit, table.keepValues ? 1 : 0, per);
      const [rows, used, pool, stopped] = this.integers.subarray(at.STATE / 4) as unknown as [
        number,
        number,
        number,
        number,
      ];
      if (rows > 0) this.take(rows, used, pool, base - at.WINDOW);
      this.ended = stopped === at.STOPPED_AT_END;
      if (stopped !== at.STOPPED_FULL) return position - at.WINDOW;
    }
  }

  /** Appends the rows to the table. */
  private take(rows: number, used: number, pool: number, base: number): void {
    const { table, floats, integers, halves } = this;
    while (table.count + rows > table.capacity) table.grow();
    const first = table.count;
    table.has.set(halves.subarray(at.HAS_COLUMN / 2, at.HAS_COLUMN / 2 + rows), first);
    if (used & HAS.crowd) table.crowd.set(this.kernels.memory.subarray(at.CROWD_COLUMN, at.CROWD_COLUMN + rows), first);
    for (const [name, from, bit, per] of FLOATS)
      if (used & bit) table[name].set(floats.subarray(from / 8, from / 8 + per * rows), per * first);
    for (const [name, from, bit] of INTEGERS)
      if (used & bit) table[name].set(integers.subarray(from / 4, from / 4 + rows), first);
    table.length.set(integers.subarray(at.LENGTH_COLUMN / 4, at.LENGTH_COLUMN / 4 + rows), first);
    for (let i = 0; i < rows; i++) table.begin[first + i] = base + integers[at.BEGIN_COLUMN / 4 + i]!;
    if (used & HAS.rle) {
      for (let i = 0; i < rows; i++) {
        const has = halves[at.HAS_COLUMN / 2 + i]!;
        if (has & HAS.rle) table.poolAt[first + i] = table.poolUsed + integers[at.POOL_AT_COLUMN / 4 + i]!;
      }
      table.reservePool(pool);
      table.pool.set(this.kernels.memory.subarray(at.POOL, at.POOL + pool), table.poolUsed);
      table.poolUsed += pool;
    }
    if (used & HAS.keypoints && table.keepValues) this.takePoints(rows, first);
    table.used |= used;
    table.count += rows;
  }

  private takePoints(rows: number, first: number): void {
    const { table, floats, halves } = this;
    const per = table.pointNumbers;
    table.growPoints((first + rows) * per);
    const from = at.POINTS / 8;
    if (this.integers[at.STATE / 4 + 8] !== 0) table.widenPoints(first * per);
    table.points.set(floats.subarray(from, from + rows * per), first * per);
    for (let i = 0; i < rows; i++) {
      if (!(halves[at.HAS_COLUMN / 2 + i]! & HAS.keypoints))
        table.points.fill(0, (first + i) * per, (first + i + 1) * per);
    }
  }
}
