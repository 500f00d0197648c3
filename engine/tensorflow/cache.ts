import { homedir } from 'node:os';
import { join } from 'node:path';

/** What to do where the cache cannot be written. */
export const CACHE_REMEDY = 'name a folder that can be written in the variable ESPALIER_CACHE';

/** Where downloads are kept: ESPALIER_CACHE, else $XDG_CACHE_HOME/espalier, else ~/.cache/espalier. The folder may not exist yet. */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const { ESPALIER_CACHE: own, XDG_CACHE_HOME: shared } = environment;
  if (own) return own;
  return shared ? join(shared, 'espalier') : join(homedir(), '.cache', 'espalier');
}
