import { delimiter, isAbsolute, resolve } from 'node:path';
import { ConfigError } from '../errors.js';

/**
 * A place that a variable of the environment names. A relative one would be another folder wherever a program is started,
 * and what happens to lie there, in a data set for one, would run.
 *
 * @returns null when the variable is unset or empty
 * @throws ConfigError for a relative path
 */
export function namedPlace(variable: string, environment: NodeJS.ProcessEnv = process.env): string | null {
  const named = environment[variable];
  if (!named) return null;
  if (isAbsolute(named)) return named;
  throw new ConfigError(
    `${variable} is ${JSON.stringify(named)}, a path relative to the folder a program is started in: write the whole path, e.g. ${resolve(named)}`,
  );
}

/** Where the system and Node look for libraries and packages by name, and what parts the entries. */
const SEARCH_PATHS: { readonly [variable: string]: string | RegExp } = {
  LD_LIBRARY_PATH: /[:;]/,
  DYLD_LIBRARY_PATH: ':',
  DYLD_FALLBACK_LIBRARY_PATH: ':',
  NODE_PATH: delimiter,
};

/**
 * Refuses search paths with a relative or an empty entry, which stands for the folder a program is started in: a library or
 * package that lies there would run. To be called before native code is loaded.
 *
 * @throws ConfigError naming the variable and the entry
 */
export function refuseRelativeSearchPaths(environment: NodeJS.ProcessEnv = process.env): void {
  for (const [variable, separator] of Object.entries(SEARCH_PATHS)) {
    const value = environment[variable];
    if (!value) continue;
    const entry = value
      .split(separator)
      .find((each) => !isAbsolute(each) && !(variable === 'NODE_PATH' && each === ''));
    if (entry === undefined) continue;
    const what = entry === '' ? 'an empty entry' : `the relative entry ${JSON.stringify(entry)}`;
    throw new ConfigError(
      `${variable} is ${JSON.stringify(value)}, with ${what}: libraries would be taken from the folder a program is started in; write absolute folders only, without a colon at either end`,
    );
  }
}
