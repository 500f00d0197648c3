import { MaskError } from '../errors.js';
import type { Runs } from './runs.js';

/**
 * Outlines of runs along pixel edges, from their bends alone: as many steps as there are runs, however large the mask. Columns go from
 * left to right; where one differs from the one before, upright edges lie between them, whose ends are the bends.
 */
export function outlines({ counts, height, width }: Runs): number[][] {
  const outline = new Outline();
  let x = 0;
  let rows: number[] = [];
  // Begins and ends of foreground in column x are complete: the next stretch begins in a column behind it.
  const finish = (next: number): void => {
    outline.column(x, rows);
    if (next > x + 1 && rows.length > 0) outline.column(x + 1, []);
    rows = [];
    x = next;
  };
  let end = 0;
  for (let i = 1; i < counts.length; i += 2) {
    const begin = end + counts[i - 1]!;
    end = begin + counts[i]!;
    if (end > height * width)
      throw new MaskError('Invalid RLE mask representation: the runs exceed the size of the mask', 'ValueError');
    if (begin === end) continue;
    const [first, last] = [Math.floor(begin / height), Math.floor((end - 1) / height)];
    if (first > x) finish(first);
    const top = begin - first * height;
    // A run of no length between two stretches parts them no more than a column's end does.
    if (rows.length > 0 && rows.at(-1) === top) rows.pop();
    else rows.push(top);
    if (last === first) {
      rows.push(end - first * height);
      continue;
    }
    rows.push(height);
    finish(first + 1);
    if (last > first + 1) {
      rows = [0, height];
      outline.column(x, rows);
      rows = [];
      x = last;
    }
    rows.push(0, end - last * height);
  }
  outline.column(x, rows);
  outline.column(x + 1, []);
  return outline.polygons();
}

/** Which side of an upright line is filled: its edge then runs with the mask on its right hand. */
type Side = 'left' | 'right' | null;

class Outline {
  private readonly xs: number[] = [];
  private readonly ys: number[] = [];
  /** The bend that follows each. */
  private readonly next: number[] = [];
  /** Rows where the column at hand begins and ends to be filled, and the bends from which their level edges come. */
  private rows: readonly number[] = [];
  private bends: number[] = [];

  /** Takes the column at x, which is also that of all up to the next one given. */
  column(x: number, rows: readonly number[]): void {
    const before = this.rows;
    const bends: number[] = [];
    let side: Side = null;
    let upper = -1;
    for (let i = 0, j = 0; i < before.length || j < rows.length; ) {
      const y = Math.min(before[i] ?? Infinity, rows[j] ?? Infinity);
      const left = before[i] === y ? i++ : -1;
      const right = rows[j] === y ? j++ : -1;
      const filled = i % 2 === j % 2 ? null : i % 2 === 1 ? 'left' : 'right';
      if (filled === side) {
        bends.push(this.bends[left]!);
        continue;
      }
      // Where two corners touch, their parts are one: the outline crosses from one to the other.
      const twice = side !== null && filled !== null;
      const above = this.bend(x, y);
      const below = twice ? this.bend(x, y) : above;
      if (side !== null) this.join(upper, above, side === 'left');
      const crossed = twice && side === 'left';
      if (left >= 0) this.join(this.bends[left]!, crossed ? below : above, left % 2 === 0);
      if (right >= 0) bends.push(crossed ? above : below);
      upper = below;
      side = filled;
    }
    this.rows = rows;
    this.bends = bends;
  }

  private bend(x: number, y: number): number {
    this.xs.push(x);
    this.ys.push(y);
    return this.next.push(-1) - 1;
  }

  private join(from: number, to: number, forward: boolean): void {
    if (forward) this.next[from] = to;
    else this.next[to] = from;
  }

  /** Every closed way from bend to bend. */
  polygons(): number[][] {
    const { xs, ys, next } = this;
    const out: number[][] = [];
    for (let start = 0; start < next.length; start++) {
      if (next[start] === -1) continue;
      const polygon: number[] = [];
      for (let at = start; next[at] !== -1; ) {
        polygon.push(xs[at]!, ys[at]!);
        const to = next[at]!;
        next[at] = -1;
        at = to;
      }
      out.push(polygon);
    }
    return out;
  }
}
