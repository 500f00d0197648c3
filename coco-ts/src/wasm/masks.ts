import type { Runs } from '../mask/runs.js';
import type { Kernels } from './kernels.js';
import * as at from './layout.js';

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
  { integers, floats, memory, measureMasks }: Kernels,
  pool: Strings,
  rows: readonly number[],
  area: Float64Array | null,
  boxes: Float64Array,
  slow: (row: number) => void,
): void {
  const { text, begin, length, height, width } = pool;
  let next = 0;
  while (next < rows.length) {
    let n = 0;
    let used = 0;
    for (; n < at.ROWS && next + n < rows.length; n++) {
      const row = rows[next + n]!;
      if (used + length[row]! > at.POOL_BYTES) break;
      memory.set(text.subarray(begin[row]!, begin[row]! + length[row]!), at.POOL + used);
      integers[at.POOL_AT_COLUMN / 4 + n] = used;
      integers[at.POOL_LENGTH_COLUMN / 4 + n] = length[row]!;
      integers[at.MASK_HEIGHT_COLUMN / 4 + n] = height[row]!;
      integers[at.MASK_WIDTH_COLUMN / 4 + n] = width[row]!;
      used += length[row]!;
    }
    const measured = measureMasks(n);
    for (let i = 0; i < measured; i++) {
      const row = rows[next + i]!;
      if (area !== null) area[row] = floats[at.AREA_COLUMN / 8 + i]!;
      const box = at.BOX_COLUMN / 8 + 4 * i;
      for (let c = 0; c < 4; c++) boxes[4 * row + c] = floats[box + c]!;
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
  const end = module.readList(p + at.WINDOW);
  if (end === 0) return null;
  const numbers = module.integers[at.STATE / 4]!;
  if (numbers <= 4) return null;
  const n = module.polygonRuns(numbers >> 1, height, width);
  if (n === 0) return null;
  const counts = module.integers.slice(at.MARKS / 4, at.MARKS / 4 + n);
  return { runs: { height, width, counts }, end: end - at.WINDOW };
}
