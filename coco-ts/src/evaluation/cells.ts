import type { Params } from './params.js';
import { positions, type Rows } from './rows.js';

/** Rows of one image and category: order[start[cell]..start[cell + 1]), cell = category * images + image. */
export interface Cells {
  readonly rows: Rows;
  readonly order: Int32Array;
  readonly start: Int32Array;
}

/** Groups rows by image and category, pooled into one category when params say so. */
export function toCells(rows: Rows, params: Params): Cells {
  const byCategory = group(rows, params.imgIds.length, params.catIds.length);
  return Number(params.useCats) === 1 ? byCategory : pool(byCategory, params);
}

/** Groups stably; rows outside the evaluation are left out. */
function group(rows: Rows, images: number, categories: number): Cells {
  const start = new Int32Array(images * categories + 1);
  const cellOf = (r: number): number =>
    rows.image[r]! < 0 || rows.category[r]! < 0 ? -1 : rows.category[r]! * images + rows.image[r]!;
  for (let r = 0; r < rows.count; r++) if (cellOf(r) >= 0) start[cellOf(r) + 1] = start[cellOf(r) + 1]! + 1;
  for (let i = 1; i < start.length; i++) start[i] = start[i]! + start[i - 1]!;
  const next = start.slice();
  const order = new Int32Array(start[start.length - 1]!);
  for (let r = 0; r < rows.count; r++) {
    const at = cellOf(r);
    if (at < 0) continue;
    order[next[at]!] = r;
    next[at] = next[at]! + 1;
  }
  return { rows, order, start };
}

/** One cell per image, filled in the order of catIds as the user gave them; an id given twice counts twice. */
function pool({ rows, order, start }: Cells, params: Params): Cells {
  const images = params.imgIds.length;
  const first = positions(params.catIds);
  const pooled: number[] = [];
  const ends = new Int32Array(images + 1);
  for (let image = 0; image < images; image++) {
    for (const id of params.catIds) {
      const cell = first.get(id)! * images + image;
      for (let p = start[cell]!; p < start[cell + 1]!; p++) pooled.push(order[p]!);
    }
    ends[image + 1] = pooled.length;
  }
  return { rows, order: Int32Array.from(pooled), start: ends };
}
