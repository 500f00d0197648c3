import { posix } from 'node:path';

/** Images whose names say that they belong together. */
export interface NameGroup {
  readonly name: string;
  readonly members: readonly { readonly id: string /** Which list has it. */; readonly list: number }[];
}

/** Fewest groups, fewest images of one on average, and the largest share of all that one may have, for names to tell groups. */
const [LEAST_GROUPS, LEAST_MEAN, LARGEST_SHARE] = [2, 2, 0.7];
const YEAR = /^(?:19|20)\d\d$/;

/**
 * Groups by names of two numbers, as `patient07_slice12`: all but the last number tells the group. Names of one number tell none, nor do those
 * of a year, where most groups would be years.
 *
 * @param lists names of the images of each split, `/` between folders
 */
export function nameGroups(lists: readonly (readonly string[])[]): readonly NameGroup[] {
  const groups = new Map<string, { id: string; list: number }[]>();
  let count = 0;
  for (const [list, ids] of lists.entries()) {
    for (const id of ids) {
      count++;
      const name = groupOf(id);
      if (name === null) continue;
      const group = groups.get(name) ?? [];
      group.push({ id, list });
      groups.set(name, group);
    }
  }
  const years = [...groups.keys()].filter(isYear);
  if (2 * years.length > groups.size) for (const name of years) groups.delete(name);
  const sizes = [...groups.values()].map(({ length }) => length);
  const grouped = sizes.reduce((sum, size) => sum + size, 0);
  const isTold =
    groups.size >= LEAST_GROUPS &&
    grouped >= LEAST_MEAN * groups.size &&
    grouped * 2 > count &&
    sizes.every((size) => size <= LARGEST_SHARE * count);
  return isTold ? [...groups].map(([name, members]) => ({ name, members })) : [];
}

function groupOf(id: string): string | null {
  const { name } = posix.parse(id);
  const match = /^(.*\d)(\D+)\d+\D*$/.exec(name);
  if (match === null) return null;
  const [, group = '', separator = ''] = match;
  if (!/[_\-. a-z]/i.test(separator)) return null;
  return group;
}

const isYear = (group: string): boolean => YEAR.test(/\d+$/.exec(group)?.[0] ?? '');
