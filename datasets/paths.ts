import { realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { valueAt } from '../engine/checked.js';
import { DataError } from '../engine/errors.js';

/** A data root that exists: paths of the data set may not leave it, not even through a link. */
export interface DataRoot {
  /** As given, made absolute. */
  readonly path: string;
  /** Without links. */
  readonly real: string;
}

/** @throws DataError when there is no such folder */
export async function openRoot(path: string): Promise<DataRoot> {
  const absolute = resolve(path);
  const found = await stat(absolute).catch(() => null);
  if (found === null) throw new DataError(absolute, 'there is no such data folder');
  if (!found.isDirectory()) throw new DataError(absolute, 'the data root must be a folder');
  return { path: absolute, real: await realpath(absolute) };
}

/**
 * A path named by a data set, made absolute.
 *
 * @param folder folder the path is relative to, relative to the root
 * @param namedBy file that names the path, for errors
 * @throws DataError when it leaves the root, or does not exist
 */
export async function resolveInside(root: DataRoot, folder: string, path: string, namedBy: string): Promise<string> {
  const file = lexicallyInside(root, folder, path, namedBy);
  let real: string;
  try {
    real = await realpath(file);
  } catch {
    throw new DataError(
      file,
      namedBy === file ? 'there is no such file' : `there is no such file, named by ${namedBy}`,
    );
  }
  if (!contains(root.real, real)) {
    throw new DataError(namedBy, `'${path}' is a link that leaves the data folder ${root.path}`);
  }
  return file;
}

/** As resolveInside, but null where no such file exists. */
export async function findInside(
  root: DataRoot,
  folder: string,
  path: string,
  namedBy: string,
): Promise<string | null> {
  const file = lexicallyInside(root, folder, path, namedBy);
  const found = await stat(file).catch(() => null);
  return found === null ? null : resolveInside(root, folder, path, namedBy);
}

/** Path relative to the root with forward slashes: the id of a sample. */
export function idOf(root: DataRoot, file: string): string {
  return relative(root.path, file).split(sep).join('/');
}

/** Orders file names as people count: 2.png before 10.png. Independent of the locale. */
export function naturalOrder(a: string, b: string): number {
  const [first, second] = [a.match(PARTS) ?? [], b.match(PARTS) ?? []];
  for (let i = 0; i < Math.min(first.length, second.length); i++) {
    const [p, q] = [valueAt(first, i), valueAt(second, i)];
    const byNumber = /^\d/.test(p) && /^\d/.test(q) ? Number(p) - Number(q) : 0;
    if (byNumber !== 0) return byNumber;
    if (p !== q) return p < q ? -1 : 1;
  }
  return first.length - second.length;
}

const PARTS = /\d+|\D+/g;

function lexicallyInside(root: DataRoot, folder: string, path: string, namedBy: string): string {
  const base = join(root.path, folder);
  const file = resolve(base, path);
  if (path === '' || path.includes('\0') || isAbsolute(path) || !contains(base, file)) {
    throw new DataError(namedBy, `'${path.slice(0, 200)}' leaves the data folder ${base}`);
  }
  return file;
}

/** Whether a path lies in a folder, by its words. */
export function contains(folder: string, file: string): boolean {
  const way = relative(folder, file);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
