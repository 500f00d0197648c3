import type { Runs } from '../mask/runs.js';
import type { Kernels } from './kernels.js';
import { AT, ROWS } from './layout.js';

/** Compressed masks as mask/pool.ts holds them. */
interface Strings {
  readonly text: Uint8Array;
  readonly begin: Float64Array;
  readonly length: Uint32Array;
  readonly height: Uint32Array;
  readonly width: Uint32Array;
}

/**
 * Sets area and box of the given rows from their compressed masks, as many at once as there is room for.
 * @param slow measures the row that the module leaves to it
 */
export function measureStrings(
  { views, measureMasks }: Kernels,
  pool: Strings,
  rows: readonly number[],
  area: Float64Array | null,
  boxes: Float64Array,
  slow: (row: number) => void,
): void {
  const { text, begin, length, height, width } = pool;
  const { POOL, POOL_AT_COLUMN, POOL_LENGTH_COLUMN, MASK_HEIGHT_COLUMN, MASK_WIDTH_COLUMN } = views;
  const { AREA_COLUMN, BOX_COLUMN } = views;
  let next = 0;
  while (next < rows.length) {
    let n = 0;
    let used = 0;
    for (; n < ROWS && next + n < rows.length; n++) {
      const row = rows[next + n]!;
      if (used + length[row]! > POOL.length) break;
      POOL.set(text.subarray(begin[row], begin[row]! + length[row]!), used);
      POOL_AT_COLUMN[n] = used;
      POOL_LENGTH_COLUMN[n] = length[row]!;
      MASK_HEIGHT_COLUMN[n] = height[row]!;
      MASK_WIDTH_COLUMN[n] = width[row]!;
      used += length[row]!;
    }
    const measured = measureMasks(n);
    for (let i = 0; i < measured; i++) {
      const row = rows[next + i]!;
      if (area !== null) area[row] = AREA_COLUMN[i]!;
      for (let c = 0; c < 4; c++) boxes[4 * row + c] = BOX_COLUMN[4 * i + c]!;
    }
    next += measured;
    if (measured === n && n > 0) continue;
    slow(rows[next]!);
    next++;
  }
}

/** The run lengths of the list of coordinates at p in the window; null where the portable code has to look at it. */
export function polygonAt(
  module: Kernels,
  p: number,
  height: number,
  width: number,
): { runs: Runs; end: number } | null {
  const end = module.readList(p + AT.WINDOW);
  if (end === 0) return null;
  const numbers = module.views.STATE[0]!;
  if (numbers <= 4) return null;
  const n = module.polygonRuns(numbers >> 1, height, width);
  if (n === 0) return null;
  const counts = module.views.MARKS.slice(0, n);
  return { runs: { height, width, counts }, end: end - AT.WINDOW };
}
