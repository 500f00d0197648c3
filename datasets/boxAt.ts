import { valueAt } from '../engine/checked.js';

/** The box of a row of [M, 4]: x1 y1 x2 y2. @throws RangeError where there is none */
export function boxAt(boxes: ArrayLike<number>, row: number): [x1: number, y1: number, x2: number, y2: number] {
  const from = row * 4;
  return [valueAt(boxes, from), valueAt(boxes, from + 1), valueAt(boxes, from + 2), valueAt(boxes, from + 3)];
}
