/** numpy.spacing(1): the distance from 1 to the next double. */
export const EPSILON = 2.220446049250313e-16;

/** numpy.linspace to the bit: the last value is exact. */
export function linspace(start: number, stop: number, count: number): Float64Array {
  const step = (stop - start) / (count - 1);
  const out = Float64Array.from({ length: count }, (_, i) => i * step + start);
  if (count > 1) out[count - 1] = stop;
  return out;
}

/** numpy's pairwise sum of values[start..start + count): blocks of 128, eight accumulators. */
export function pairwiseSum(values: Float64Array, start: number, count: number): number {
  if (count < 8) {
    let sum = count > 0 ? values[start]! : 0;
    for (let i = 1; i < count; i++) sum += values[start + i]!;
    return sum;
  }
  if (count > 128) {
    const half = (count >> 1) - ((count >> 1) % 8);
    return pairwiseSum(values, start, half) + pairwiseSum(values, start + half, count - half);
  }
  const whole = count - (count % 8);
  // Eight variables and no array: this runs once per pair of skeletons.
  let r0 = values[start]!;
  let r1 = values[start + 1]!;
  let r2 = values[start + 2]!;
  let r3 = values[start + 3]!;
  let r4 = values[start + 4]!;
  let r5 = values[start + 5]!;
  let r6 = values[start + 6]!;
  let r7 = values[start + 7]!;
  for (let i = start + 8; i < start + whole; i += 8) {
    r0 += values[i]!;
    r1 += values[i + 1]!;
    r2 += values[i + 2]!;
    r3 += values[i + 3]!;
    r4 += values[i + 4]!;
    r5 += values[i + 5]!;
    r6 += values[i + 6]!;
    r7 += values[i + 7]!;
  }
  let sum = r0 + r1 + (r2 + r3) + (r4 + r5 + (r6 + r7));
  for (let i = whole; i < count; i++) sum += values[start + i]!;
  return sum;
}

/** numpy.mean of the first `count` values; -1 for none, as pycocotools reports it. */
export const meanOrMinusOne = (values: Float64Array, count: number): number =>
  count === 0 ? -1 : pairwiseSum(values, 0, count) / count;

/** argsort(-scores) of a stable sort: descending, equal scores keep their order, -0 equals 0, NaN last. */
export function orderByScore(scores: ArrayLike<number>): Int32Array {
  const order = Int32Array.from({ length: scores.length }, (_, i) => i);
  return order.sort((i, j) => {
    const a = scores[i]!;
    const b = scores[j]!;
    if (a > b) return -1;
    if (a < b) return 1;
    if (a === b) return i - j;
    const nanA = Number.isNaN(a) ? 1 : 0;
    const nanB = Number.isNaN(b) ? 1 : 0;
    return nanA - nanB || i - j;
  });
}
