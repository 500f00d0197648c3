import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where downloads are kept: ESPALIER_CACHE, else $XDG_CACHE_HOME/espalier, else ~/.cache/espalier. */
export function cacheFolder(): string {
  const { ESPALIER_CACHE, XDG_CACHE_HOME } = process.env;
  if (ESPALIER_CACHE) return ESPALIER_CACHE;
  return join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'espalier');
}
