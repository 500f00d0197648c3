/**
 * Intersection over union of two boxes of one array.
 *
 * @param boxes [D, 4] x1 y1 x2 y2, any unit
 * @returns     in [0, 1]; 0 when neither box has an area
 */
export function boxIou(boxes: ArrayLike<number>, first: number, second: number): number {
  const a = first * 4;
  const b = second * 4;
  const width = Math.min(boxes[a + 2]!, boxes[b + 2]!) - Math.max(boxes[a]!, boxes[b]!);
  const height = Math.min(boxes[a + 3]!, boxes[b + 3]!) - Math.max(boxes[a + 1]!, boxes[b + 1]!);
  if (width <= 0 || height <= 0) return 0;
  const intersection = width * height;
  return intersection / (area(boxes, a) + area(boxes, b) - intersection);
}

function area(boxes: ArrayLike<number>, at: number): number {
  return (boxes[at + 2]! - boxes[at]!) * (boxes[at + 3]! - boxes[at + 1]!);
}
