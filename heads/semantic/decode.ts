import type { Placement } from '../../datasets/placement.js';
import type { ClassMap } from '../../datasets/sample.js';
import type { DecodeOptions } from '../head.js';

/** Class scores on a grid that covers the network input. */
export interface ScoreGrid {
  /** [height, width, classes]. */
  readonly scores: Float32Array;
  readonly height: number;
  readonly width: number;
  readonly classes: number;
  /** True: a pixel has every class whose score is above 0. Defaults to false: the one of the best. */
  readonly overlaps?: boolean;
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
 * @param options   probabilities: those of every class are given, too, by the softmax of the scores, of classes that overlap their sigmoid. Defaults
 *   to false
 */
export function decodeClassMap(
  grid: ScoreGrid,
  inputSize: readonly [height: number, width: number],
  placement: Placement,
  { probabilities: asked = false }: DecodeOptions = {},
): ClassMap {
  const { width, height, scaleX, scaleY, offsetX, offsetY } = placement;
  const rows = taps(height, scaleY, offsetY, inputSize[0], grid.height);
  const columns = taps(width, scaleX, offsetX, inputSize[1], grid.width);
  const mask = new Uint8Array(width * height);
  const { classes, overlaps = false } = grid;
  const [chosen, shares] = overlaps ? [classesAbove, sigmoids] : [bestClass, softmax];
  const probabilities = asked ? new Float32Array(width * height * classes) : null;
  const line = new Float64Array(grid.width * classes);
  for (let y = 0; y < height; y++) {
    blendRows(grid, rows, y, line);
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      mask[at] = chosen(line, columns, x, classes);
      if (probabilities) shares(line, columns, x, probabilities.subarray(at * classes, (at + 1) * classes));
    }
  }
  return {
    mask,
    width,
    height,
    ...(probabilities && { classProbabilities: probabilities }),
    ...(overlaps && { overlaps }),
  };
}

/** @param into [classes] */
function softmax(line: Float64Array, columns: Taps, x: number, into: Float32Array): void {
  const [left, right] = [columns.low[x]! * into.length, columns.high[x]! * into.length];
  const share = columns.share[x]!;
  let most = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < into.length; k++) {
    into[k] = line[left + k]! * (1 - share) + line[right + k]! * share;
    most = Math.max(most, into[k]!);
  }
  let sum = 0;
  for (let k = 0; k < into.length; k++) {
    into[k] = Math.exp(into[k]! - most);
    sum += into[k]!;
  }
  for (let k = 0; k < into.length; k++) into[k]! /= sum;
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

/** The set of the classes whose score is above 0. */
function classesAbove(line: Float64Array, columns: Taps, x: number, classes: number): number {
  const left = columns.low[x]! * classes;
  const right = columns.high[x]! * classes;
  const share = columns.share[x]!;
  let set = 0;
  for (let k = 0; k < classes; k++) if (line[left + k]! * (1 - share) + line[right + k]! * share > 0) set |= 1 << k;
  return set;
}

/** @param into [classes] */
function sigmoids(line: Float64Array, columns: Taps, x: number, into: Float32Array): void {
  const [left, right] = [columns.low[x]! * into.length, columns.high[x]! * into.length];
  const share = columns.share[x]!;
  for (let k = 0; k < into.length; k++) {
    into[k] = 1 / (1 + Math.exp(-(line[left + k]! * (1 - share) + line[right + k]! * share)));
  }
}
