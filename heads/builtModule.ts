/**
 * Address of a built module of this folder, for worker threads: they load JavaScript also where this file itself runs
 * as TypeScript. In a plain script of a page, which has no address and no such threads, it stays the path.
 *
 * @param path below `heads/`, e.g. 'detection/encoder.js'
 */
export function builtModule(path: string): string {
  if (!import.meta.url) return path;
  const here = new URL(import.meta.url);
  return new URL(here.pathname.endsWith('.ts') ? `../dist/heads/${path}` : path, here).href;
}
