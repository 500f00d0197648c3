import type { Random } from '../../engine/random.js';

/** Points of the grid along a side. */
const POINTS = 3;

/**
 * Where the pixels of an input are read that is bent: as far beside their own place as a smooth field says, which is cubic between
 * the points of a grid.
 */
export interface Deformation {
  /** What the grid lies over, pixels of the input; outside of it moves are those of its edge. */
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** [3, 3] row by row: columns to the right, pixels. */
  readonly across: Float64Array;
  /** [3, 3] row by row: rows down, pixels. */
  readonly down: Float64Array;
}

/**
 * Every point of the grid is moved by its own draw of a normal distribution.
 *
 * @param deviation of the moves, pixels
 * @source Ronneberger et al. 2015, arXiv:1505.04597, 3.1: 3 x 3 points, 10 pixels, bicubic between them
 */
export function drawDeformation(
  deviation: number,
  over: Pick<Deformation, 'left' | 'top' | 'width' | 'height'>,
  random: Random,
): Deformation {
  const moves = (): Float64Array => Float64Array.from({ length: POINTS * POINTS }, () => deviation * random.normal());
  return { ...over, across: moves(), down: moves() };
}

/** Both, of one rectangle, one after the other: nearly, and without another resample. */
export const joined = (first: Deformation, second: Deformation): Deformation => ({
  ...first,
  across: first.across.map((move, i) => move + second.across[i]!),
  down: first.down.map((move, i) => move + second.down[i]!),
});

/** Of a cubic between points, the sum of its weights without their signs is 1.25 at most, along each side. */
const OVERSHOOT = 1.25 ** 2;

/** No pixel is read further from its place, pixels along a side. */
function largestMove({ across, down }: Deformation): number {
  let most = 0;
  for (const move of across) most = Math.max(most, Math.abs(move));
  for (const move of down) most = Math.max(most, Math.abs(move));
  return most * OVERSHOOT;
}

/** A rectangle with all that may show some of it. Absent deformation: the rectangle. */
export function widened(
  [left, top, right, bottom]: readonly [left: number, top: number, right: number, bottom: number],
  deformation: Deformation | undefined,
): readonly [left: number, top: number, right: number, bottom: number] {
  const by = deformation === undefined ? 0 : largestMove(deformation);
  return [left - by, top - by, right + by, bottom + by];
}

/**
 * Weights of the three points at a place: those of the cubic through four, of which the ones outside of the grid are its edge.
 *
 * @param place in the grid, 0 to 1
 * @source Keys 1981, Cubic Convolution Interpolation for Digital Image Processing, a = -1/2
 */
function pointWeights(place: number, into: Float64Array, at: number): void {
  const t = Math.min(Math.max(place, 0), 1) * (POINTS - 1);
  const first = Math.min(Math.floor(t), POINTS - 2);
  const u = t - first;
  into.fill(0, at, at + POINTS);
  const add = (point: number, weight: number): void => {
    into[at + Math.min(Math.max(point, 0), POINTS - 1)]! += weight;
  };
  add(first - 1, ((2 - u) * u - 1) * u * 0.5);
  add(first, ((3 * u - 5) * u * u + 2) * 0.5);
  add(first + 1, ((4 - 3 * u) * u + 1) * u * 0.5);
  add(first + 2, (u - 1) * u * u * 0.5);
}

const weightsDown = new Float64Array(POINTS);
const weightsAcross = new Float64Array(POINTS);

/** How far from a point of the input it is read, pixels. */
export function moveAt(deformation: Deformation, x: number, y: number): readonly [across: number, down: number] {
  const { left, top, width, height, across, down } = deformation;
  pointWeights((x - left) / width, weightsAcross, 0);
  pointWeights((y - top) / height, weightsDown, 0);
  let [moveX, moveY] = [0, 0];
  for (let row = 0; row < POINTS; row++) {
    for (let column = 0; column < POINTS; column++) {
      const weight = weightsDown[row]! * weightsAcross[column]!;
      moveX += weight * across[row * POINTS + column]!;
      moveY += weight * down[row * POINTS + column]!;
    }
  }
  return [moveX, moveY];
}

/** Reads the moves of an input row by row; made once for an image. */
export interface RowMoves {
  /** Of the pixels of the row, pixels. */
  readonly across: Float64Array;
  readonly down: Float64Array;
  /** Makes them those of another row. */
  readonly go: (row: number) => void;
}

/** @param from, to columns [from, to) of the input that are read: the first of each list is that of `from` */
export function rowMoves(deformation: Deformation, from: number, to: number): RowMoves {
  const { left, top, width, height, across, down } = deformation;
  const count = Math.max(0, to - from);
  const weights = new Float64Array(count * POINTS);
  for (let i = 0; i < count; i++) pointWeights((from + i + 0.5 - left) / width, weights, i * POINTS);
  const moves = { across: new Float64Array(count), down: new Float64Array(count) };
  const ofPoints = { across: new Float64Array(POINTS), down: new Float64Array(POINTS) };
  return {
    ...moves,
    go: (row) => {
      pointWeights((row + 0.5 - top) / height, weightsDown, 0);
      for (let column = 0; column < POINTS; column++) {
        let [moveX, moveY] = [0, 0];
        for (let line = 0; line < POINTS; line++) {
          moveX += weightsDown[line]! * across[line * POINTS + column]!;
          moveY += weightsDown[line]! * down[line * POINTS + column]!;
        }
        ofPoints.across[column] = moveX;
        ofPoints.down[column] = moveY;
      }
      for (let i = 0; i < count; i++) {
        let [moveX, moveY] = [0, 0];
        for (let column = 0; column < POINTS; column++) {
          moveX += weights[i * POINTS + column]! * ofPoints.across[column]!;
          moveY += weights[i * POINTS + column]! * ofPoints.down[column]!;
        }
        moves.across[i] = moveX;
        moves.down[i] = moveY;
      }
    },
  };
}

/** Points along each edge of a box whose places are looked for. */
const ALONG = 9;
/** A place is found by going back as far as its move is; each turn is nearer by the steepest slope of the field. */
const TURNS = 12;

/** Smallest upright rectangle round a rectangle that is bent: what is shown at q was at q + move(q). */
export function bentHull(
  deformation: Deformation,
  [x1, y1, x2, y2]: readonly [x1: number, y1: number, x2: number, y2: number],
): readonly [left: number, top: number, right: number, bottom: number] {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  const see = (x: number, y: number): void => {
    let [atX, atY] = [x, y];
    for (let turn = 0; turn < TURNS; turn++) {
      const [moveX, moveY] = moveAt(deformation, atX, atY);
      atX = x - moveX;
      atY = y - moveY;
    }
    left = Math.min(left, atX);
    right = Math.max(right, atX);
    top = Math.min(top, atY);
    bottom = Math.max(bottom, atY);
  };
  for (let i = 0; i < ALONG; i++) {
    const x = x1 + ((x2 - x1) * i) / (ALONG - 1);
    const y = y1 + ((y2 - y1) * i) / (ALONG - 1);
    see(x, y1);
    see(x, y2);
    see(x1, y);
    see(x2, y);
  }
  return [left, top, right, bottom];
}
