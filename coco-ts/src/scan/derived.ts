import { type AnnotationTable, HAS } from './table.js';

/** Sets what loadRes does on a row of results: its id is its place, it is no crowd, its area that of its box or around its keypoints. */
export function deriveResult(table: AnnotationTable, row: number): void {
  const { boxes, area, id, crowd, has } = table;
  id[row] = row + 1;
  crowd[row] = 0;
  area[row] = 0;
  if (has[row]! & HAS.box) area[row] = boxes[4 * row + 2]! * boxes[4 * row + 3]!;
  else if (has[row]! & HAS.keypoints) {
    const [, , w, h] = spannedBox(table, row);
    area[row] = w * h;
  }
}

/** The boxes around the keypoints of all rows: x, y, width, height each. */
export function spannedBoxes(table: AnnotationTable): Float64Array {
  const out = new Float64Array(4 * table.count);
  for (let row = 0; row < table.count; row++) out.set(spannedBox(table, row), 4 * row);
  return out;
}

function spannedBox({ points, coordinates }: AnnotationTable, row: number): [number, number, number, number] {
  const at = row * coordinates;
  let x0 = points[at]!;
  let x1 = x0;
  let y0 = points[at + 1]!;
  let y1 = y0;
  // Python's min and max: a later value must be strictly better.
  for (let i = at + 2; i < at + coordinates; i += 2) {
    const x = points[i]!;
    const y = points[i + 1]!;
    if (x < x0) x0 = x;
    if (x > x1) x1 = x;
    if (y < y0) y0 = y;
    if (y > y1) y1 = y;
  }
  return [x0, y0, x1 - x0, y1 - y0];
}
