/**
 * Address of a built module of this folder, for worker threads: they load JavaScript also where this file itself runs
 * as TypeScript.
 *
 * @param path below `heads/`, e.g. 'detection/encoder.js'
 */
export function builtModule(path: string): string {
  const here = new URL(import.meta.url);
  return new URL(here.pathname.endsWith('.ts') ? `../dist/heads/${path}` : path, here).href;
}
