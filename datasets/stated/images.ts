import { readdir, realpath } from 'node:fs/promises';
import { isAbsolute, join, relative, sep } from 'node:path';
import { DataError } from '../../engine/errors.js';

const MAX_FILES = 2_000_000;
const MAX_DEPTH = 32;
/** More than a path has. */
const MOST_STEPS = 1000;
/** Endings of image files, in the order in which a name without one is completed. */
const IMAGE = /\.(jpe?g|jfif|png|bmp|webp|tiff?|gif|avif|hei[cf]|jp2|p[gpbn]m)$/i;

export const isImageName = (name: string): boolean => IMAGE.test(name);
/** A name without its ending. */
export const stemOf = (name: string): string => name.replace(/\.[^./]*$/, '');
const hasEnding = (name: string): boolean => isImageName(name) || name.endsWith('.xml') || name.endsWith('.json');
const baseOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** How an image was found: as named, elsewhere by its last part, by other capitals, with another ending, or without the code of an upload. */
export type FoundBy = 'name' | 'other-folder' | 'other-capitals' | 'other-ending' | 'upload-name';

/** The image files below a folder. */
export interface ImageIndex {
  /** Paths of all image files relative to the folder, forward slashes, in no order. */
  readonly paths: readonly string[];
  /**
   * The image that an annotation names: its path as written, or the longest last part of it that fits one file alone.
   *
   * @param near folder to look in first, absolute
   * @returns an absolute path; null where none or several fit equally well
   */
  find(name: string, near: string | null): { readonly file: string; readonly by: FoundBy } | null;
  /** Paths, relative to the folder, of the images with the last part of this name. */
  named(name: string): readonly string[];
}

/**
 * Lists the files below a folder, pipes and devices among them, which say what they are when they are read. Links are followed, each
 * folder once; hidden files and folders are left out.
 *
 * @throws DataError when there are more than two million
 */
export async function listFiles(folder: string): Promise<string[]> {
  const found: string[] = [];
  const seen = new Set<string>();
  const walk = async (path: string, depth: number): Promise<void> => {
    const real = await realpath(join(folder, path)).catch(() => null);
    if (real === null || seen.has(real) || depth > MAX_DEPTH) return;
    seen.add(real);
    for (const entry of await readdir(join(folder, path), { withFileTypes: true }).catch(() => [])) {
      if (entry.name.startsWith('.') || entry.name === '__MACOSX') continue;
      const inner = path === '' ? entry.name : `${path}/${entry.name}`;
      if (entry.isDirectory()) await walk(inner, depth + 1);
      else if (entry.isSymbolicLink()) await followLink(inner, depth);
      else found.push(inner);
      if (found.length > MAX_FILES) throw new DataError(folder, `holds more than ${MAX_FILES} files`);
    }
  };
  const followLink = async (inner: string, depth: number): Promise<void> => {
    const before = found.length;
    await walk(inner, depth + 1);
    if (found.length === before) found.push(inner);
  };
  await walk('', 0);
  return found;
}

/** The images below a folder by their names. */
export const indexImages = async (folder: string): Promise<ImageIndex> =>
  indexFiles(folder, (await listFiles(folder)).filter(isImageName));

/** Files below a folder by their names. @param paths relative to the folder, forward slashes */
export function indexFiles(folder: string, paths: readonly string[]): ImageIndex {
  const exact = new Set(paths);
  // Made when an image is not where its name says: of a million images each takes 200 MB.
  const byName = once(() => group(paths, baseOf));
  const byLower = once(() => group(paths, (path) => baseOf(path).toLowerCase()));
  const byStem = once(() => group(paths, (path) => stemOf(baseOf(path)).toLowerCase()));

  const byForm = once(() => group(paths, (path) => baseOf(path).normalize()));

  const find: ImageIndex['find'] = (written, near) => {
    for (const [by, name] of namesOf(written)) {
      const { found, isDraw } = look(name, near);
      if (found !== null) return by === null ? found : { ...found, by };
      if (isDraw) return null;
    }
    return null;
  };
  const look = (written: string, near: string | null): Looked => {
    const parts = partsOf(written, folder);
    const name = parts.at(-1);
    if (name === undefined) return NOTHING;
    const beside = near === null ? null : relative(folder, near).split(sep).join('/');
    const at = (path: string): string => join(folder, path);
    if (beside !== null && !beside.startsWith('..')) {
      const path = beside === '' ? name : `${beside}/${name}`;
      if (exact.has(path)) return { found: { file: at(path), by: 'name' }, isDraw: false };
    }
    if (exact.has(parts.join('/'))) return { found: { file: at(parts.join('/')), by: 'name' }, isDraw: false };
    const ways = [
      ['other-folder', () => byName().get(name)],
      ['name', () => byForm().get(name.normalize())],
      ['other-capitals', () => byLower().get(name.toLowerCase())],
      ['other-ending', () => byStem().get((hasEnding(name) ? stemOf(name) : name).toLowerCase())],
    ] as const;
    for (const [by, candidatesOf] of ways) {
      const candidates = candidatesOf() ?? [];
      const best = nearestPath(candidates, parts, beside);
      const isAsNamed = by === 'other-ending' ? !hasEnding(name) : by === 'other-folder' && parts.length === 1;
      if (best !== null) return { found: { file: at(best), by: isAsNamed ? 'name' : by }, isDraw: false };
      if (candidates.length > 0) return { found: null, isDraw: true };
    }
    return NOTHING;
  };
  return { paths, find, named: (written) => byName().get(partsOf(written, folder).at(-1) ?? '') ?? [] };
}

type Looked = { readonly found: ReturnType<ImageIndex['find']>; readonly isDraw: boolean };
const NOTHING: Looked = { found: null, isDraw: false };

/** A name as written, as the address that it may be, and without what Label Studio puts before the names of uploads. */
function namesOf(written: string): readonly (readonly [by: FoundBy | null, name: string])[] {
  const address = decoded(written.replace(/^.*\?d=/, '').replace(/(\.\w+)\?.*$/, '$1'));
  const bare = address.replace(/(^|[\\/])[0-9a-f]{8}-(?=[^\\/]*$)/, '$1');
  const all = [
    [null, written],
    [null, address],
    ['upload-name', bare],
  ] as const;
  return all.filter(([, name], i) => all.findIndex((other) => other[1] === name) === i);
}

function decoded(address: string): string {
  try {
    return decodeURIComponent(address);
  } catch {
    return address;
  }
}

/** Steps of a path as any system writes it; what leads out of the folder is left out. */
function partsOf(written: string, folder: string): readonly string[] {
  const slashes = written.replaceAll('\\', '/').replace(/^file:\/\//, '');
  const inside = isAbsolute(slashes) ? relative(folder, slashes).split(sep).join('/') : slashes;
  return inside.split('/').filter((part) => part !== '' && part !== '.' && part !== '..');
}

/** The path that shares the most last steps with what is written, or lies in the folder looked in, or in the fewest folders; null for a draw. */
function nearestPath(paths: readonly string[], written: readonly string[], beside: string | null): string | null {
  if (paths.length <= 1) return paths[0] ?? null;
  const scored = paths.map((path) => {
    const parts = path.split('/');
    let shared = 0;
    while (shared < parts.length - 1 && parts.at(-2 - shared) === written.at(-2 - shared)) shared++;
    const isBeside = beside !== null && path.startsWith(beside === '' ? '' : `${beside}/`);
    return { path, score: 2 * shared + (isBeside ? 1 : 0) - parts.length / MOST_STEPS };
  });
  scored.sort((a, b) => b.score - a.score);
  const [first, second] = scored;
  return first === undefined || first.score === second?.score ? null : first.path;
}

/** What `make` gives, made when it is first asked for. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function group(paths: readonly string[], key: (path: string) => string): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const path of paths) {
    const same = groups.get(key(path));
    if (same === undefined) groups.set(key(path), [path]);
    else same.push(path);
  }
  return groups;
}
