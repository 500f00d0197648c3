import { ConfigError } from '../../engine/errors.js';
import { nameGroups } from '../check/groups.js';
import { rarestClasses, type Shareable, stratifiedOrder } from './shares.js';

/** How training images are shared out for cross-validation. */
export interface FoldOptions {
  readonly folds: number;
  readonly seed: number;
  /** True: items are groups already, so that their names tell none. Defaults to false. */
  readonly groups?: boolean | undefined;
}

/**
 * The fold of every item. Folds have each class alike, and as many items as they can; what names tell to belong together, as
 * `patient07_slice12`, is never in two.
 *
 * @returns [items] 0..folds - 1
 * @throws ConfigError for fewer groups than folds
 */
export function foldsOf(
  items: readonly (Shareable & { readonly id: string })[],
  { folds, seed, groups = false }: FoldOptions,
): readonly number[] {
  const units = unitsOf(items, groups);
  if (units.length < folds) {
    const found = groups || units.length < items.length ? 'groups of training images' : 'training images';
    throw new ConfigError(`data.folds is ${folds}, and there are ${units.length} ${found}: lower it`);
  }
  const rarest = rarestClasses(units);
  const order = stratifiedOrder(units, seed)
    .map((position) => ({ rarest: rarest[position] as string, members: (units[position] as Unit).members }))
    .sort((a, b) => b.members.length - a.members.length); // large groups first, so that small ones even them out
  const sizes: number[] = Array(folds).fill(0);
  const alike = new Map<string, number[]>();
  const fold: number[] = Array(items.length).fill(0);
  for (const { rarest, members } of order) {
    const own = alike.get(rarest) ?? Array<number>(folds).fill(0);
    alike.set(rarest, own);
    // The fold with the fewest of its kind, of equals with the fewest of all.
    const least = sizes.reduce((best, size, k) => {
      const [more, most] = [(own[k] ?? 0) - (own[best] ?? 0), size - (sizes[best] ?? 0)];
      return more < 0 || (more === 0 && most < 0) ? k : best;
    }, 0);
    sizes[least] = (sizes[least] ?? 0) + members.length;
    own[least] = (own[least] ?? 0) + members.length;
    for (const member of members) fold[member] = least;
  }
  return fold;
}

interface Unit extends Shareable {
  /** Positions of the items. */
  readonly members: readonly number[];
}

function unitsOf(items: readonly (Shareable & { readonly id: string })[], isGrouped: boolean): readonly Unit[] {
  const told = isGrouped ? [] : nameGroups([items.map(({ id }) => id)]);
  const groupOf = new Map(told.flatMap(({ name, members }) => members.map(({ id }) => [id, name] as const)));
  const units = new Map<string, number[]>();
  for (const [position, { id }] of items.entries()) {
    const group = groupOf.get(id);
    const key = group === undefined ? `item ${position}` : `group ${group}`;
    const members = units.get(key);
    if (members === undefined) units.set(key, [position]);
    else members.push(position);
  }
  return [...units.values()].map((members) => {
    return { members, classes: [...new Set(members.flatMap((position) => items[position]?.classes ?? []))] };
  });
}
