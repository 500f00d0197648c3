import type { Placement } from '../../datasets/placement.js';
import type { ClassMap } from '../../datasets/sample.js';

/** Class scores on a grid that covers the network input. */
export interface ScoreGrid {
  /** [height, width, classes]. */
  readonly scores: Float32Array;
  readonly height: number;
  readonly width: number;
  readonly classes: number;
}

/** Where one output pixel reads along one axis: two cells and the share of the second. */
interface Taps {
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly share: Float64Array;
}

/**
 * The best class of every pixel of the original image: scores are read bilinearly (half-pixel centres) where the pixel
 * lies in the input; of equals the lower class wins.
 *
 * @param inputSize [height, width] of the network input, pixels
 */
export function decodeClassMap(
  grid: ScoreGrid,
  inputSize: readonly [height: number, width: number],
  placement: Placement,
): ClassMap {
  const { width, height, scaleX, scaleY, offsetX, offsetY } = placement;
  const rows = taps(height, scaleY, offsetY, inputSize[0], grid.height);
  const columns = taps(width, scaleX, offsetX, inputSize[1], grid.width);
  const mask = new Uint8Array(width * height);
  const line = new Float64Array(grid.width * grid.classes);
  for (let y = 0; y < height; y++) {
    blendRows(grid, rows, y, line);
    for (let x = 0; x < width; x++) mask[y * width + x] = bestClass(line, columns, x, grid.classes);
  }
  return { mask, width, height };
}

function taps(count: number, scale: number, offset: number, inputSize: number, cells: number): Taps {
  const low = new Int32Array(count);
  const high = new Int32Array(count);
  const share = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const input = (i + 0.5) * scale + offset;
    const cell = Math.min(Math.max((input * cells) / inputSize - 0.5, 0), cells - 1);
    low[i] = Math.floor(cell);
    high[i] = Math.min(low[i]! + 1, cells - 1);
    share[i] = cell - low[i]!;
  }
  return { low, high, share };
}

function blendRows(grid: ScoreGrid, rows: Taps, y: number, line: Float64Array): void {
  const top = rows.low[y]! * line.length;
  const bottom = rows.high[y]! * line.length;
  const share = rows.share[y]!;
  for (let i = 0; i < line.length; i++) {
    line[i] = grid.scores[top + i]! * (1 - share) + grid.scores[bottom + i]! * share;
  }
}

function bestClass(line: Float64Array, columns: Taps, x: number, classes: number): number {
  const left = columns.low[x]! * classes;
  const right = columns.high[x]! * classes;
  const share = columns.share[x]!;
  let best = 0;
  let bestScore = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < classes; k++) {
    const score = line[left + k]! * (1 - share) + line[right + k]! * share;
    if (score > bestScore) {
      bestScore = score;
      best = k;
    }
  }
  return best;
}
