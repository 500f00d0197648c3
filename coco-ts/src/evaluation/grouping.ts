import type { Rows } from './rows.js';

/** Rows of one image: order[start[i]..start[i + 1]), in the order of the rows. */
export interface Grouping {
  readonly order: Int32Array;
  readonly start: Int32Array;
}

/** Images with more truths of a category, ignored ones aside, than `limit`. */
export function overfullImages({ category, ignore }: Rows, { order, start }: Grouping, limit: number): number {
  let images = 0;
  for (let i = 0; i + 1 < start.length; i++) {
    // Mostly there are fewer in all.
    if (start[i + 1]! - start[i]! <= limit) continue;
    const counts = new Map<number, number>();
    for (const r of order.subarray(start[i], start[i + 1]))
      if (ignore[r] === 0) counts.set(category[r]!, (counts.get(category[r]!) ?? 0) + 1);
    if ([...counts.values()].some((count) => count > limit)) images++;
  }
  return images;
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
