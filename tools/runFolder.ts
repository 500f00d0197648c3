import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { ConfigError } from '../engine/errors.js';
import { makeFolder, writeError } from '../engine/files/write.js';
import { runFolder } from '../training/run/index.js';

/** Where runs go that are given no folder. */
const RUNS = 'runs';
const REMEDY = 'choose another folder with --out';

/**
 * Makes the folder of a run that is given none: `runs/<config>-<n>` with the next free n. Two that ask at once get two.
 *
 * @param config path of the config file
 * @throws WriteError when it cannot be made
 */
export function makeRunFolder(config: string, runs = RUNS): string {
  makeFolder(runs, REMEDY);
  for (let number = Math.max(0, ...numbers(config, runs)) + 1; ; number++) {
    const folder = named(config, number, runs);
    try {
      mkdirSync(folder);
      return folder;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) {
        throw writeError(folder, error, REMEDY);
      }
    }
  }
}

/**
 * The newest run of a config, to be continued: the largest n of `runs/<config>-<n>` that holds a run.
 *
 * @param holds whether a folder holds what is looked for
 * @throws ConfigError when there is none
 */
export function newestRunFolder(config: string, runs = RUNS, holds = holdsRun): string {
  const folders = numbers(config, runs)
    .sort((a, b) => b - a)
    .map((number) => named(config, number, runs));
  const newest = folders.find(holds);
  if (newest !== undefined) return newest;
  const name = basename(config, extname(config));
  throw new ConfigError(`there is no run of ${name} in ${runs} to continue: name it with --out, or leave --resume out`);
}

/** Whether a folder holds a file, for `newestRunFolder`. */
export const holdsFile =
  (name: string) =>
  (folder: string): boolean =>
    existsSync(join(folder, name));

const holdsRun = (folder: string): boolean => existsSync(runFolder(folder).config);

const named = (config: string, number: number, runs: string): string =>
  join(runs, `${basename(config, extname(config))}-${number}`);

function numbers(config: string, runs: string): number[] {
  const name = `${basename(config, extname(config))}-`;
  const entries = existsSync(runs) ? readdirSync(runs) : [];
  return entries.flatMap((entry) => {
    const rest = entry.startsWith(name) ? entry.slice(name.length) : '';
    return /^[1-9]\d*$/.test(rest) ? [Number(rest)] : [];
  });
}
