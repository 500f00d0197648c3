import { MaskError } from '../errors.js';
import { shown } from '../shown.js';
import { quickPolygon } from '../wasm/rle.js';
import type { Runs } from './runs.js';

/** Vertices are rounded to fifths of a pixel, as in the reference. */
const SCALE = 5;
/** Coordinates beyond this overflow the reference's int arithmetic. */
const MAX_COORDINATE = 2 ** 28;

/**
 * Rasterises one polygon [x0, y0, x1, y1, ...] in pixels to run lengths, byte-equal to rleFrPoly. The reference walks every
 * fifth of a pixel along the outline; only the steps that cross the centre of a column leave a mark, so only those are computed.
 * An odd trailing number is ignored.
 *
 * @throws MaskError on coordinates that are not finite or beyond 2^28
 */
export function polygonRuns(xy: ArrayLike<number>, height: number, width: number): Runs {
  const points = xy.length >> 1;
  const total = height * width;
  if (total > 0x7fffffff) throw new MaskError(`a ${height}x${width} mask is too large for a polygon`, 'ValueError');
  const quick = quickPolygon(xy, height, width);
  if (quick !== null) return { height, width, counts: quick };
  used = 0;
  const crossings = countCrossings(xy, points, width);
  if (crossings > MOST_MARKS)
    throw new MaskError(
      `a polygon crosses columns of its image ${crossings} times: at most ${MOST_MARKS} are drawn`,
      'ValueError',
    );
  if (points > 0) {
    const x0 = fifths(xy[0]!);
    const y0 = fifths(xy[1]!);
    let x = x0;
    let y = y0;
    for (let j = 1; j <= points; j++) {
      const nextX = j === points ? x0 : fifths(xy[2 * j]!);
      const nextY = j === points ? y0 : fifths(xy[2 * j + 1]!);
      crossEdge(x, y, nextX, nextY, height, width);
      x = nextX;
      y = nextY;
    }
  }
  mark(total);
  const counts = mergeMarks(marks.subarray(0, used).sort());
  if (marks.length > KEPT_MARKS) marks = new Uint32Array(1024);
  return { height, width, counts };
}

/** Most crossings of one polygon: a thousand times across an image of 65536 columns. Sorting them takes seconds. */
const MOST_MARKS = 2 ** 26;
/** More room than this is not kept. */
const KEPT_MARKS = 2 ** 20;

/** Positions of the polygon at hand, kept between calls. */
let marks = new Uint32Array(1024);
let used = 0;

function mark(position: number): void {
  if (used === marks.length) {
    const bigger = new Uint32Array(2 * used);
    bigger.set(marks);
    marks = bigger;
  }
  marks[used++] = position;
}

/** (int)(5 * c + .5): truncation towards zero. */
function fifths(coordinate: number): number {
  if (!(Math.abs(coordinate) <= MAX_COORDINATE)) {
    throw new MaskError(
      `polygon coordinate ${shown(coordinate)} is not a number of pixels within ±${MAX_COORDINATE}`,
      'ValueError',
    );
  }
  return Math.trunc(SCALE * coordinate + 0.5);
}

/** How many marks the edges will leave. */
function countCrossings(xy: ArrayLike<number>, points: number, width: number): number {
  let sum = 0;
  for (let j = 0; j < points; j++) {
    const [a, b] = [fifths(xy[2 * j]!), fifths(xy[j + 1 === points ? 0 : 2 * j + 2]!)];
    const [first, last] = columnsOf(a, b, width);
    sum += Math.max(0, last - first + 1);
  }
  return sum;
}

/** First and last column whose centre lies between two positions in fifths of a pixel. */
const columnsOf = (a: number, b: number, width: number): [number, number] => [
  Math.max(0, Math.ceil((Math.min(a, b) - 2) / SCALE)),
  Math.min(width - 1, Math.floor((Math.max(a, b) - 3) / SCALE)),
];

function crossEdge(xa: number, ya: number, xb: number, yb: number, height: number, width: number): void {
  const dx = Math.abs(xb - xa);
  const dy = Math.abs(yb - ya);
  if (dx === 0) return;
  const steep = dx < dy;
  const flip = steep ? ya > yb : xa > xb;
  const xs = flip ? xb : xa;
  const xe = flip ? xa : xb;
  const ys = flip ? yb : ya;
  const ye = flip ? ya : yb;
  const slope = steep ? (xe - xs) / dy : (ye - ys) / dx;
  const [first, last] = columnsOf(xs, xe, width);
  for (let column = first; column <= last; column++) {
    const u = SCALE * column + 2;
    const v = steep ? ys + stepAt(u, xs, slope, dy) : lowerOf(ys, slope, u - xs);
    let row = (v + 0.5) / SCALE - 0.5;
    if (row < 0) row = 0;
    else if (row > height) row = height;
    mark(column * height + Math.ceil(row));
  }
}

const lowerOf = (ys: number, slope: number, t: number): number =>
  Math.min(Math.trunc(ys + slope * t + 0.5), Math.trunc(ys + slope * (t + 1) + 0.5));

/** The step t of a steep edge after which its column changes between u and u + 1. */
function stepAt(u: number, xs: number, slope: number, dy: number): number {
  const rising = slope > 0;
  let t = Math.min(dy - 1, Math.max(0, Math.floor((u + 0.5 - xs) / slope)));
  // reached(t): the column at step t lies on the far side of the change; monotone in t.
  while (t > 0 && (rising ? Math.trunc(xs + slope * t + 0.5) > u : Math.trunc(xs + slope * t + 0.5) <= u)) t--;
  while (
    t < dy - 1 &&
    !(rising ? Math.trunc(xs + slope * (t + 1) + 0.5) > u : Math.trunc(xs + slope * (t + 1) + 0.5) <= u)
  )
    t++;
  return t;
}

/** Sorted positions where the value flips to run lengths, in place; runs without length are joined with their neighbours. */
function mergeMarks(sorted: Uint32Array): Uint32Array {
  const k = sorted.length;
  let m = 1;
  let before = sorted[0]!;
  for (let j = 1; j < k; ) {
    const length = sorted[j]! - before;
    before = sorted[j++]!;
    if (length > 0) {
      sorted[m++] = length;
    } else if (j < k) {
      sorted[m - 1]! += sorted[j]! - before;
      before = sorted[j++]!;
    }
  }
  return sorted.slice(0, m);
}

/** A box x, y, width, height as the polygon of its four corners. */
export function boxRuns(box: ArrayLike<number>, height: number, width: number): Runs {
  const xs = box[0]!;
  const ys = box[1]!;
  const xe = xs + box[2]!;
  const ye = ys + box[3]!;
  return polygonRuns([xs, ys, xs, ye, xe, ye, xe, ys], height, width);
}
