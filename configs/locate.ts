import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { nearest } from '../datasets/suggestion.js';

/** Absolute path of what a config names: from the current folder when it is there, else from the config's own folder. */
export function locate(path: string, configFile: string): string {
  const here = resolve(path);
  if (isAbsolute(path) || existsSync(here)) return here;
  const beside = resolve(dirname(configFile), path);
  return existsSync(beside) ? beside : here;
}

/** One sentence on a path that does not exist: where it stops existing, and what there is like it. */
export function describeMissing(path: string): string {
  let parent = dirname(path);
  let child = path;
  while (!existsSync(parent) && dirname(parent) !== parent) {
    child = parent;
    parent = dirname(parent);
  }
  const like = nearest(basename(child), entriesOf(parent));
  const hint =
    like === undefined ? `; ${parent} has no '${basename(child)}'` : `; did you mean '${join(parent, like)}'?`;
  return `'${path}' does not exist${hint}`;
}

function entriesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder).slice(0, 10_000);
  } catch {
    return [];
  }
}
