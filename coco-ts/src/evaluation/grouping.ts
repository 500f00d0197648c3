import type { Rows } from './rows.js';

/** Rows of one image: order[start[i]..start[i + 1]), in the order of the rows. */
export interface Grouping {
  readonly order: Int32Array;
  readonly start: Int32Array;
}

/** Groups the evaluated rows by image, stably. */
export function groupByImage(rows: Rows, images: number): Grouping {
  const { image, category, count } = rows;
  const start = new Int32Array(images + 1);
  for (let r = 0; r < count; r++) {
    const i = image[r]!;
    if (i >= 0 && category[r]! >= 0) start[i + 1]!++;
  }
  for (let i = 0; i < images; i++) start[i + 1]! += start[i]!;
  const next = start.slice(0, images);
  const order = new Int32Array(start[images]!);
  for (let r = 0; r < count; r++) {
    const i = image[r]!;
    if (i >= 0 && category[r]! >= 0) order[next[i]!++] = r;
  }
  return { order, start };
}
