import { CocoError } from '../errors.js';
import { escaped, shown } from '../shown.js';

/**
 * Where the files of images are written inside a folder, by what the images are called: the folders below the one that all images share
 * stay, so that a/x.jpg and b/x.jpg do not become one; nothing leaves the folder.
 *
 * @param extension of the files, with its point
 * @param taken names that have another meaning
 * @returns paths with forward slashes, in the order of `images`
 * @throws CocoError where two images would share a file, or a name is none
 */
export function outputNames(images: readonly string[], extension: string, taken: readonly string[] = []): string[] {
  const parts = images.map(partsOf);
  const shared = sharedFolders(parts);
  const owners = new Map(taken.map((name) => [name, `the file ${name}`]));
  return parts.map((own, index) => {
    const name = own.slice(shared).join('/') + extension;
    const owner = owners.get(name);
    if (owner !== undefined)
      throw new CocoError(
        `${shown(images[index])} and ${owner} would both be written to ${shown(name)}: rename one of them`,
        'ValueError',
      );
    owners.set(name, shown(images[index]));
    return name;
  });
}

/** Folders and stem of a path, of this system or another, without what would lead out of a folder. */
function partsOf(path: string): string[] {
  const parts = path
    .replace(/^[a-z]:/i, '')
    .split(/[\\/]/)
    .filter((part) => !/^[. ]*$/.test(part))
    .map((part) => escaped(part).replaceAll('\\', '_'));
  const last = parts.pop()?.replace(/(?<=.)\.[^.]*$/, '');
  if (last === undefined || last === '') throw new CocoError(`'${shown(path)}' is no name of an image`, 'ValueError');
  return [...parts, last];
}

/** How many folders at the beginning all paths have in common. */
function sharedFolders(paths: readonly (readonly string[])[]): number {
  const [first = []] = paths;
  return paths.reduce((shared, path) => {
    let n = 0;
    while (n < shared && n < path.length - 1 && path[n] === first[n]) n++;
    return n;
  }, first.length - 1);
}
