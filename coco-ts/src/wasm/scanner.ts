import { type AnnotationTable, HAS } from '../scan/table.js';
import type { Kernels } from './kernels.js';
import { AT, KEYPOINTS_WIDE, ROWS, STOPPED_AT_END, STOPPED_FULL } from './layout.js';

/** Columns of one call as the table has them: its name, where they stand, the bits of rows that have them, numbers per row. */
const FLOATS = [
  ['id', 'ID_COLUMN', HAS.id, 1],
  ['image', 'IMAGE_COLUMN', HAS.image, 1],
  ['category', 'CATEGORY_COLUMN', HAS.category, 1],
  ['score', 'SCORE_COLUMN', HAS.score, 1],
  ['area', 'AREA_COLUMN', HAS.area, 1],
  ['keypointCount', 'KEYPOINT_COUNT_COLUMN', HAS.keypointCount, 1],
  ['boxes', 'BOX_COLUMN', HAS.box, 4],
  ['begin', 'BEGIN_COLUMN', ~0, 1],
  ['poolAt', 'POOL_AT_COLUMN', HAS.rle, 1],
] as const;
const INTEGERS = [
  ['segmentationAt', 'SEGMENTATION_AT_COLUMN', HAS.segmentation],
  ['segmentationLength', 'SEGMENTATION_LENGTH_COLUMN', HAS.segmentation],
  ['keypointsAt', 'KEYPOINTS_AT_COLUMN', HAS.keypoints],
  ['keypointsLength', 'KEYPOINTS_LENGTH_COLUMN', HAS.keypoints],
  ['length', 'LENGTH_COLUMN', ~0],
  ['poolLength', 'POOL_LENGTH_COLUMN', HAS.rle],
  ['maskHeight', 'MASK_HEIGHT_COLUMN', HAS.rle],
  ['maskWidth', 'MASK_WIDTH_COLUMN', HAS.rle],
] as const;

/** Reads rows into the table as long as they are plain. */
export class RowScanner {
  private readonly kernels: Kernels;
  private readonly table: AnnotationTable;
  private readonly length: number;
  private readonly start: number;
  /** Whether the end of the list was reached. */
  ended = false;

  /** `start` of the list in the file and `length` of the file tell how many rows there may be. */
  constructor(kernels: Kernels, table: AnnotationTable, start: number, length: number) {
    this.kernels = kernels;
    this.table = table;
    this.start = start;
    this.length = length;
  }

  /**
   * @param p position in the window, before an object
   * @param base position of the window in the file
   * @returns the position before the object that is not plain, or behind the list
   */
  scan(p: number, base: number): number {
    const { kernels, table } = this;
    const { POINTS, STATE, STATE_BASE, STATE_FIRST, STATE_POOLED } = kernels.views;
    let position = p + AT.WINDOW;
    STATE_BASE[0] = base - AT.WINDOW;
    for (;;) {
      const per = table.pointNumbers;
      const limit = per > 0 ? Math.min(ROWS, Math.floor(POINTS.length / per)) : ROWS;
      const wide = table.points instanceof Float64Array;
      STATE_FIRST[0] = table.count + 1;
      STATE_POOLED[0] = table.poolUsed;
      position = kernels.scanRows(position, limit, table.keepValues ? (wide ? KEYPOINTS_WIDE : 1) : 0, per);
      const [rows, used, pool, stopped] = STATE as unknown as [number, number, number, number];
      if (rows > 0)
        this.take(rows, used, pool, (this.length - this.start) / (base - AT.WINDOW + position - this.start));
      this.ended = stopped === STOPPED_AT_END;
      if (stopped !== STOPPED_FULL) return position - AT.WINDOW;
    }
  }

  /**
   * Appends the rows to the table. There is no loop over rows here or below: a few calls of each function are too few for the optimizing
   * compiler, which takes longer than the copies.
   * @param share of the file what has been read so far is 1 of
   */
  private take(rows: number, used: number, pool: number, share: number): void {
    const { table } = this;
    const { views } = this.kernels;
    const expected = 1.02 * share;
    if (table.count + rows > table.capacity) table.grow(Math.ceil(expected * (table.count + rows)));
    const first = table.count;
    const filled = table.keepValues ? used | HAS.id | HAS.area : used;
    table.has.set(views.HAS_COLUMN.subarray(0, rows), first);
    if (used & HAS.crowd) table.crowd.set(views.CROWD_COLUMN.subarray(0, rows), first);
    for (const [name, from, bits, per] of FLOATS)
      if (filled & bits) table[name].set(views[from].subarray(0, per * rows), per * first);
    for (const [name, from, bits] of INTEGERS) if (filled & bits) table[name].set(views[from].subarray(0, rows), first);
    if (used & HAS.rle) {
      table.reservePool(pool, Math.ceil(expected * (table.poolUsed + pool)));
      table.pool.set(views.POOL.subarray(0, pool), table.poolUsed);
      table.poolUsed += pool;
    }
    if (table.pointNumbers > 0) this.takePoints(rows, first);
    table.used |= used;
    table.count += rows;
  }

  private takePoints(rows: number, first: number): void {
    const { table } = this;
    const { POINTS } = this.kernels.views;
    const per = table.coordinates;
    table.growPoints((first + rows) * per);
    const points = table.points instanceof Float64Array ? POINTS : new Float32Array(POINTS.buffer, AT.POINTS);
    table.points.set(points.subarray(0, rows * per), first * per);
  }
}
