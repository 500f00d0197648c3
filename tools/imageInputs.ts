import { existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { findFiles, isGlob } from '../datasets/glob.js';
import { naturalOrder, openRoot } from '../datasets/paths.js';
import { isImageName, listFiles } from '../datasets/stated/images.js';
import { linesOf, readAnnotation } from '../datasets/stated/text.js';
import { isVolumeName } from '../datasets/volumes/readVolume.js';
import { ConfigError } from '../engine/errors.js';
import { shownName } from '../engine/printable.js';

/** Slices of a series, which are one volume. */
const SLICE = /\.(dcm|dicom|ima)$/i;

/** Bytes of a list on stdin. */
const MOST_LISTED = 2 ** 26;

/**
 * The image files and volumes that arguments name: files, folders with all below them (of a DICOM series the folder itself), patterns that no shell expanded, lists of files
 * (.txt, one a line, relative to the list), and `-` for a list on stdin. In the order given, each once.
 *
 * @throws ConfigError for what does not exist, or holds no image
 */
export async function imageFiles(named: readonly string[]): Promise<readonly string[]> {
  const files: string[] = [];
  for (const name of named) files.push(...(await expand(name)));
  const odd = files.find((file) => file.includes('\0'));
  if (odd !== undefined)
    throw new ConfigError(`${shownName(odd)}: no file has a zero byte in its name: correct the list`);
  return [...new Set(files)];
}

async function expand(name: string): Promise<readonly string[]> {
  if (name === '-') return linesOf(await readStdin());
  if (/^https?:\/\//.test(name)) throw new ConfigError(`${name}: images are files: download it first`);
  const found = statSync(name, { throwIfNoEntry: false });
  if (found?.isDirectory()) {
    const all = (await listFiles(resolve(name))).sort(naturalOrder);
    if (all.some((path) => SLICE.test(path) && !path.includes('/'))) return [name]; // a DICOM series
    const inside = all.filter((path) => isImageName(path) || (isVolumeName(path) && !SLICE.test(path)));
    if (inside.length === 0) throw new ConfigError(`${name}: the folder holds no image`);
    return inside.map((path) => join(name, path));
  }
  if (found !== undefined && /\.txt$/i.test(name)) {
    return linesOf(await readAnnotation(name)).map((line) => (existsSync(line) ? line : join(dirname(name), line)));
  }
  if (found === undefined && isGlob(name)) return matching(name);
  if (found === undefined) throw new ConfigError(`${name}: there is no such image`);
  return [name];
}

/** Files of a pattern, from its last folder without wildcards on. */
async function matching(pattern: string): Promise<readonly string[]> {
  const steps = pattern.replaceAll('\\', '/').split('/');
  const first = steps.findIndex(isGlob);
  const folder = steps.slice(0, first).join('/') || (pattern.startsWith('/') ? '/' : '.');
  const found = await findFiles(await openRoot(folder), steps.slice(first).join('/'));
  const images = found.filter(({ id }) => isImageName(id) || isVolumeName(id));
  if (images.length === 0) throw new ConfigError(`${pattern}: no image fits the pattern`);
  return images.map(({ id }) => join(folder, id));
}

async function readStdin(): Promise<string> {
  let text = '';
  for await (const part of process.stdin.setEncoding('utf8')) {
    text += part;
    if (text.length > MOST_LISTED) throw new ConfigError(`the list on stdin has more than ${MOST_LISTED} characters`);
  }
  return text;
}
