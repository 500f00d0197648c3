/** C's fmin: a NaN loses against a number. */
const fmin = (a: number, b: number): number => (a < b || Number.isNaN(b) ? a : b);
const fmax = (a: number, b: number): number => (a > b || Number.isNaN(b) ? a : b);

/**
 * Intersection over union of two boxes x, y, width, height read at 4 * row; over the detection's area for a crowd truth.
 * Same operations in the same order as bbIou, so every bit and every NaN agrees.
 */
export function boxIou(dt: ArrayLike<number>, d: number, gt: ArrayLike<number>, g: number, crowd: boolean): number {
  const dx = dt[4 * d]!;
  const dy = dt[4 * d + 1]!;
  const dw = dt[4 * d + 2]!;
  const dh = dt[4 * d + 3]!;
  const gx = gt[4 * g]!;
  const gy = gt[4 * g + 1]!;
  const gw = gt[4 * g + 2]!;
  const gh = gt[4 * g + 3]!;
  const w = fmin(dw + dx, gw + gx) - fmax(dx, gx);
  if (w <= 0) return 0;
  const h = fmin(dh + dy, gh + gy) - fmax(dy, gy);
  if (h <= 0) return 0;
  const intersection = w * h;
  const area = dw * dh;
  return intersection / (crowd ? area : area + gw * gh - intersection);
}
