import { MaskError } from '../errors.js';
import { type Masks, RunPool, runsOf } from './pool.js';
import { type Runs, runsBox } from './runs.js';

/** numpy and Python round halves to even: 375x500 has a diagonal of 625, of which 2 % are 12.5, hence 12. */
const roundHalfEven = (value: number): number => {
  const low = Math.floor(value);
  return value - low === 0.5 ? low + (low % 2) : Math.round(value);
};

/** Width of the boundary: 2 % of the image diagonal, at least 1 pixel. */
export const boundaryDistance = (height: number, width: number): number =>
  Math.max(1, roundHalfEven(0.02 * Math.sqrt(height ** 2 + width ** 2)));

/** Three bitmaps of so many bytes are held at once. */
const MOST_PIXELS = 2 ** 28;

/** The inner boundary as run lengths, see `boundary`. Only the mask's box is looked at: outside it everything is background. */
export function boundaryRuns(runs: Runs, distance = boundaryDistance(runs.height, runs.width)): Runs {
  const { height, width } = runs;
  const box = new Float64Array(4);
  runsBox(runs, box, 0);
  const [left, top, w, h] = box as unknown as [number, number, number, number];
  if (w * h > MOST_PIXELS)
    throw new MaskError(
      `the boundary of ${w} x ${h} pixels is too large to draw: at most ${MOST_PIXELS}`,
      'ValueError',
    );
  const pixels = drawn(runs, left, top, w, h);
  // A square erosion is one along the columns after one along the rows.
  const inner = eroded(eroded(pixels, w, h, 1, h, distance), h, w, h, 1, distance);
  const counts: number[] = [];
  let value = 0;
  let begin = 0;
  const turn = (position: number): void => {
    counts.push(position - begin);
    begin = position;
    value ^= 1;
  };
  for (let x = 0; x < w; x++) {
    const column = (left + x) * height + top;
    // Between two columns of the box lies background, unless the box is as high as the mask.
    if (value === 1 && h < height) turn(column - height + h);
    for (let y = 0; y < h; y++) {
      const i = x * h + y;
      const at = pixels[i]! & (inner[i]! ^ 1);
      if (at !== value) turn(column + y);
    }
  }
  if (value === 1) turn((left + w - 1) * height + top + h);
  if (begin < height * width || counts.length === 0) counts.push(height * width - begin);
  return { height, width, counts: Uint32Array.from(counts) };
}

/** The boundaries of the given rows. */
export function boundaryPool(masks: Masks, count: number, rows: Iterable<number>): RunPool {
  const pool = new RunPool(count);
  for (const row of rows) pool.set(row, boundaryRuns(runsOf(masks, row)));
  return pool;
}

/** The pixels inside the box, column by column. */
function drawn({ counts, height }: Runs, left: number, top: number, w: number, h: number): Uint8Array {
  const out = new Uint8Array(w * h);
  const end = (left + w) * height;
  let position = 0;
  for (let j = 0; j + 1 < counts.length; j += 2) {
    position += counts[j]!;
    const stop = Math.min(position + counts[j + 1]!, end);
    for (let p = position; p < stop; ) {
      const x = Math.floor(p / height);
      const y = p - x * height;
      const length = Math.min(stop - p, height - y);
      const at = (x - left) * h + y - top;
      out.fill(1, at, at + length);
      p += length;
    }
    position += counts[j + 1]!;
  }
  return out;
}

/** Erosion of `lines` lines of `length` pixels; pixel i of line l is at l * lineStep + i * step. Outside is background. */
function eroded(
  data: Uint8Array,
  lines: number,
  length: number,
  step: number,
  lineStep: number,
  distance: number,
): Uint8Array {
  const out = new Uint8Array(data.length);
  for (let l = 0; l < lines; l++) {
    let run = 0;
    for (let i = 0; i < length; i++) {
      run = data[l * lineStep + i * step] ? run + 1 : 0;
      if (run > 2 * distance) out[l * lineStep + (i - distance) * step] = 1;
    }
  }
  return out;
}
