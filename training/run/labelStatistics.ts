import type { Dataset } from '../../datasets/dataset.js';
import { objectsOf } from '../../datasets/sample.js';

/** Objects of a data set whose truths are boxes, by class. Plain JSON. */
export interface LabelStatistics {
  readonly classes: readonly {
    readonly name: string;
    readonly objects: number;
    /** Objects by the square root of their area: from 2 ** i to 2 ** (i + 1) pixels. */
    readonly sides: readonly number[];
  }[];
}

const BINS = 13;

/** @returns null: its truths are no boxes */
export function labelStatistics({ labels, entries }: Dataset): LabelStatistics | null {
  const classes = labels.classes.map(({ name }) => ({ name, objects: 0, sides: new Array<number>(BINS).fill(0) }));
  let hasBoxes = false;
  for (const { truth } of entries) {
    const stored = objectsOf(truth);
    if (!stored) continue;
    hasBoxes = true;
    for (const [i, label] of stored.labels.entries()) {
      const counted = classes[label];
      if (!counted) continue;
      counted.objects++;
      const bin = Math.floor(Math.log2(Math.max(1, Math.sqrt(stored.areas[i] ?? 1))));
      counted.sides[Math.min(BINS - 1, bin)]!++;
    }
  }
  return hasBoxes ? { classes } : null;
}
