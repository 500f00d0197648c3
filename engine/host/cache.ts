import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { ConfigError } from '../errors.js';
import { namedPlace } from './environment.js';

/** What to do where the cache cannot be written. */
export const CACHE_REMEDY = 'name a folder that can be written in the variable ESPALIER_CACHE';

/**
 * Where downloads are kept: ESPALIER_CACHE, else $XDG_CACHE_HOME/espalier, else ~/.cache/espalier. The folder may not exist yet.
 *
 * @throws ConfigError for a relative path: libraries are loaded from there
 */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const own = namedPlace('ESPALIER_CACHE', environment);
  if (own !== null) return own;
  const shared = namedPlace('XDG_CACHE_HOME', environment);
  if (shared !== null) return join(shared, 'espalier');
  if (isAbsolute(homedir())) return join(homedir(), '.cache', 'espalier');
  throw new ConfigError(
    `the home folder is ${JSON.stringify(homedir())}, no whole path: set HOME, or ESPALIER_CACHE to a folder for downloads`,
  );
}
