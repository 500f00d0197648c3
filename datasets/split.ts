import { valueAt } from '../engine/checked.js';
import { ConfigError, DataError } from '../engine/errors.js';
import { readTextFile } from './decode/header.js';
import { compileGlob, isGlob } from './glob.js';
import { type DataRoot, findInside } from './paths.js';

const RANGES = /^\s*\d+(\s*-\s*\d+)?(\s*,\s*\d+(\s*-\s*\d+)?)*\s*$/;

/** Whether a split is written as positions, e.g. '0-23,30'. */
export function isRanges(text: string): boolean {
  return RANGES.test(text);
}

/**
 * Positions written as '0-23,30': both ends included, counted from 0.
 *
 * @throws ConfigError for anything else, and for positions beyond `count`
 */
export function parseRanges(text: string, count: number): number[] {
  if (!isRanges(text)) throw new ConfigError(`'${text}' is no list of positions such as 0-23,30`);
  const positions: number[] = [];
  const taken = new Uint8Array(count);
  for (const part of text.split(',')) {
    const [first = 0, last = first] = part.split('-').map(Number);
    if (last < first) throw new ConfigError(`positions '${part.trim()}' run backwards`);
    if (last >= count)
      throw new ConfigError(`position ${last} of '${text}' is beyond the ${count} images, 0-${count - 1}`);
    for (let position = first; position <= last; position++) {
      if (taken[position] === 0) positions.push(position);
      taken[position] = 1;
    }
  }
  return positions;
}

/**
 * Picks the images of a split, in the order of `candidates`.
 *
 * @param split positions '0-23,30'; the name of a list file in the root, one image a line; or names, each an image's
 *   key, path, or pattern such as sub-rat6/**
 * @param candidates images in natural order: id = path in the root, key = the wildcards' text
 * @throws DataError for a name that fits no image
 */
export async function pickSplit<T extends { readonly id: string; readonly key: string }>(
  root: DataRoot,
  split: string | readonly string[],
  candidates: readonly T[],
): Promise<T[]> {
  if (typeof split === 'string' && isRanges(split)) {
    return parseRanges(split, candidates.length).map((position) => valueAt(candidates, position));
  }
  const { names, source } =
    typeof split === 'string' ? await readNames(root, split) : { names: split, source: root.path };
  const named = byName(candidates);
  const chosen = new Set<T>();
  for (const name of names) {
    const found = isGlob(name) ? candidates.filter(matcher(name)) : (named.get(name) ?? []);
    if (found.length === 0) throw new DataError(source, `'${name}' fits none of the ${candidates.length} images`);
    for (const candidate of found) chosen.add(candidate);
  }
  if (chosen.size === 0) throw new DataError(source, 'the split names no image');
  return candidates.filter((candidate) => chosen.has(candidate));
}

/** Images by their keys and by their paths. */
function byName<T extends { readonly id: string; readonly key: string }>(candidates: readonly T[]): Map<string, T[]> {
  const named = new Map<string, T[]>();
  for (const candidate of candidates) {
    for (const name of new Set([candidate.key, candidate.id])) {
      const same = named.get(name);
      if (same === undefined) named.set(name, [candidate]);
      else same.push(candidate);
    }
  }
  return named;
}

function matcher(pattern: string): (candidate: { readonly id: string }) => boolean {
  const glob = compileGlob(pattern);
  return ({ id }) => glob.match(id) !== null;
}

async function readNames(root: DataRoot, split: string): Promise<{ names: string[]; source: string }> {
  const file = isGlob(split) ? null : await findInside(root, '', split, root.path);
  if (file === null) return { names: [split], source: root.path };
  const lines = (await readTextFile(file)).split(/\r?\n/);
  return { names: lines.map((line) => line.trim()).filter((line) => line !== ''), source: file };
}
