import { valueAt } from '../../../engine/checked.js';
import type { History, HistoryStep } from '../history.js';

export type Axis = 'step' | 'seconds' | 'epoch';

/** Points across a chart: more than its pixels would show nothing more. */
const POINTS = 300;

/** What the lines of several runs have in common: positions across. */
export function gridOf(runs: readonly (readonly number[])[]): readonly number[] {
  const all = runs.flat();
  if (all.length === 0) return [];
  const sorted = [...new Set(all)].sort((a, b) => a - b);
  if (sorted.length <= POINTS) return sorted;
  const [low, high] = [valueAt(sorted, 0), sorted.at(-1)!];
  return Array.from({ length: POINTS }, (_, i) => low + ((high - low) * i) / (POINTS - 1));
}

/** Values of a run at the positions of the grid, between its own in a straight line; null outside of it. */
export function onGrid(
  grid: readonly number[],
  x: readonly number[],
  y: readonly number[],
): readonly (number | null)[] {
  let at = 0;
  return grid.map((position) => {
    while (at + 1 < x.length && valueAt(x, at + 1) <= position) at++;
    if (x.length === 0 || position < valueAt(x, 0) || position > x.at(-1)!) return null;
    const [x0, x1] = [valueAt(x, at), x[at + 1] ?? valueAt(x, at)];
    const share = x1 > x0 ? (position - x0) / (x1 - x0) : 0;
    const value = valueAt(y, at) + ((y[at + 1] ?? valueAt(y, at)) - valueAt(y, at)) * share;
    return Number.isFinite(value) ? value : null;
  });
}

/** Exponential average without the pull of the first value; weight 0: as it is. @source Kingma, Ba 2015, arXiv:1412.6980, section 3 */
export function smoothed(values: readonly number[], weight: number): readonly number[] {
  let [sum, total] = [0, 0];
  return values.map((value) => {
    if (!Number.isFinite(value)) return value;
    sum = weight * sum + (1 - weight) * value;
    total = weight * total + (1 - weight);
    return total > 0 ? sum / total : value;
  });
}

export const positions = (history: History, axis: Axis): readonly number[] =>
  history.steps.map((step) => (axis === 'epoch' ? epochOf(history, step) : step[axis]));

function epochOf({ start }: History, { step, epoch }: HistoryStep): number {
  return start && start.stepsPerEpoch > 0 ? step / start.stepsPerEpoch : epoch;
}

/** Where evaluations and other events of a step stand. */
export function positionOf(
  history: History,
  axis: Axis,
  event: { readonly step: number; readonly time: string },
): number {
  if (axis === 'step') return event.step;
  if (axis === 'seconds') return Math.max(0, (Date.parse(event.time) - history.began) / 1000);
  return event.step / Math.max(1, history.start?.stepsPerEpoch ?? 1);
}
