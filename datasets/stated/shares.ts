import { valueAt } from '../../engine/checked.js';
import { createRandom } from '../../engine/random.js';

/** What images are shared out by: those of one group are spread evenly. */
export interface Shareable {
  /** Classes of the objects of an image. */
  readonly classes: readonly string[];
}

/** Share of the training images that is held out where no validation set is named. */
export const HELD_OUT = 0.2;
/** Images from which on something is held out. */
export const FEWEST_TO_HOLD_OUT = 5;

/**
 * Positions of images in an order whose beginning, of any length, has each class as often as the whole: images are
 * grouped by their rarest class, shuffled, and groups are interleaved.
 *
 * @param seed same seed, same order
 */
export function stratifiedOrder(images: readonly Shareable[], seed: number): readonly number[] {
  const groups = new Map<string, number[]>();
  for (const [position, rarest] of rarestClasses(images).entries()) {
    const group = groups.get(rarest);
    if (group === undefined) groups.set(rarest, [position]);
    else group.push(position);
  }
  const random = createRandom([seed, 0x5317]);
  const placed: { readonly position: number; readonly at: number }[] = [];
  for (const [, group] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
    shuffle(group, random.integer);
    const offset = random.next();
    for (const [i, position] of group.entries()) placed.push({ position, at: (i + offset) / group.length });
  }
  return placed.sort((a, b) => a.at - b.at || a.position - b.position).map(({ position }) => position);
}

/** The class of each image that the fewest images have; '' where it has none. */
export function rarestClasses(images: readonly Shareable[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { classes } of images) for (const name of new Set(classes)) counts.set(name, (counts.get(name) ?? 0) + 1);
  return images.map(({ classes }) => rarestOf(classes, counts));
}

function rarestOf(classes: readonly string[], counts: ReadonlyMap<string, number>): string {
  let rarest = '';
  for (const name of classes) {
    const [count, least] = [counts.get(name) ?? 0, counts.get(rarest) ?? Number.POSITIVE_INFINITY];
    if (count < least || (count === least && name < rarest)) rarest = name;
  }
  return rarest;
}

function shuffle(items: number[], integer: (count: number) => number): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = integer(i + 1);
    [items[i], items[j]] = [valueAt(items, j), valueAt(items, i)];
  }
}
