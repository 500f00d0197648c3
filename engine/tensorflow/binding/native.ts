import type Koffi from 'koffi';

let loaded: typeof Koffi | undefined;

/**
 * The package that calls C functions, loaded when a library is opened. Not imported: a server's bundler would follow it into native
 * code, which it cannot put into a file, also for pages that only a browser computes on.
 */
export function koffi(): typeof Koffi {
  loaded ??= process.getBuiltinModule('node:module').createRequire(import.meta.url)('koffi') as typeof Koffi;
  return loaded;
}
