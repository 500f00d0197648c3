/** Loss of one step of a sweep. */
export interface SweptRate {
  readonly rate: number;
  readonly loss: number;
}

/** A sweep looked at. */
export interface RateAdvice {
  /** As many as steps that count; `smooth` is the loss in the mean of its neighbourhood. */
  readonly points: readonly (SweptRate & { readonly smooth: number })[];
  /** The rate at which the loss falls fastest; null: it falls nowhere. */
  readonly suggestion: number | null;
  /** The rate with the least loss, from which on it rises; those of the first and last steps, which have few neighbours, do not count. */
  readonly least: number;
}

/** Steps to each side over which losses are averaged, weighted by their distance: smoothed without lag. */
const REACH = 6;
/** A loss of so many times the least ends a sweep. */
export const DIVERGED = 4;
/** Least fall from the first loss to the least, as a share, that is more than chance. */
const LEAST_FALL = 0.02;

/** The rates of a sweep: each step has the same factor. */
export const sweptRate = (step: number, { from, to, steps }: SweepRange): number =>
  from * (to / from) ** (step / Math.max(1, steps - 1));

export interface SweepRange {
  readonly from: number;
  readonly to: number;
  readonly steps: number;
}

/** Whether a sweep is over, as the loss has left where it came from. */
export function hasDiverged(losses: readonly number[]): boolean {
  const last = losses.at(-1) ?? 0;
  return !Number.isFinite(last) || (losses.length > REACH && last > DIVERGED * Math.min(...losses));
}

/**
 * What the losses of rising rates advise.
 *
 * @source Smith 2015, arXiv:1506.01186, section 3.3; the steepest place as fastai's `valley` forerunner chose it
 */
export function adviseRate(swept: readonly SweptRate[]): RateAdvice {
  const finite = swept.filter(({ loss }) => Number.isFinite(loss));
  const points = finite.map((point, i) => ({ ...point, smooth: meanAround(finite, i) }));
  const smooth = points.map((point) => point.smooth);
  const inner = points.map((_, i) => i).filter((i) => i >= REACH && i < points.length - REACH);
  const [first = 0] = inner;
  const bottom = inner.reduce((best, i) => ((smooth[i] ?? 0) < (smooth[best] ?? 0) ? i : best), first);
  const least = points[bottom]?.rate ?? Number.NaN;
  const fall = (smooth[first] ?? 0) - (smooth[bottom] ?? 0);
  if (!(fall > LEAST_FALL * Math.abs(smooth[first] ?? 0))) return { points, suggestion: null, least };
  const falling = inner.filter((i) => i <= bottom);
  const steepest = falling.reduce((best, i) => (slopeAt(smooth, i) < slopeAt(smooth, best) ? i : best), first);
  return { points, suggestion: points[steepest]?.rate ?? null, least };
}

/** Rates are evenly far apart on their logarithmic scale. */
const slopeAt = (values: readonly number[], i: number): number =>
  (values[i + REACH / 2] ?? 0) - (values[i - REACH / 2] ?? 0);

function meanAround(points: readonly SweptRate[], at: number): number {
  const reach = Math.min(REACH, at, points.length - 1 - at); // alike to both sides, so that ends are not bent
  let [sum, weights] = [0, 0];
  for (let offset = -reach; offset <= reach; offset++) {
    const weight = reach + 1 - Math.abs(offset);
    sum += weight * (points[at + offset]?.loss ?? 0);
    weights += weight;
  }
  return sum / weights;
}
