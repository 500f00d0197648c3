import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Path of something that `npm run build` put into dist/. */
export const built = (path: string): string =>
  join(dirname(createRequire(import.meta.url).resolve('espalier/package.json')), 'dist', path);
