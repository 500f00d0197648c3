import { valueAt } from '../engine/checked.js';
/** Letters of a word that are compared. */
export const LETTERS = 64;

/** Insertions, deletions and substitutions of letters, and swaps of neighbours, between the beginnings of two words. */
export function editDistance(first: string, second: string): number {
  const [a, b] = [first.slice(0, LETTERS), second.slice(0, LETTERS)];
  let older: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min(
        valueAt(previous, j) + 1,
        valueAt(current, j - 1) + 1,
        valueAt(previous, j - 1) + (same ? 0 : 1),
      );
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, valueAt(older, j - 2) + 1);
      current.push(best);
    }
    older = previous;
    previous = current;
  }
  return valueAt(previous, b.length);
}
