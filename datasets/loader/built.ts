import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { EspalierError } from '../../engine/errors.js';

const SOURCES = import.meta.url.replace(/datasets\/loader\/[^/]*$/, '');

/**
 * The built twin of a module of this package, since threads run plain JavaScript; other modules stay as they are.
 * Differs from its argument only when this file itself runs from its TypeScript source.
 *
 * @param url file: URL
 * @throws EspalierError when it was not built
 */
export function builtModule(url: string): string {
  const isOwnSource = import.meta.url.endsWith('.ts') && url.startsWith(SOURCES) && !url.startsWith(`${SOURCES}dist/`);
  const needsBuild = isOwnSource && (url.endsWith('.ts') || !existsSync(fileURLToPath(url)));
  const built = needsBuild ? `${SOURCES}dist/${url.slice(SOURCES.length).replace(/\.ts$/, '.js')}` : url;
  if (!existsSync(fileURLToPath(built))) {
    const remedy = isOwnSource ? 'run npm run build' : 'a head names it as the module of its encoder';
    throw new EspalierError(`${fileURLToPath(built)} is not there: ${remedy}`);
  }
  return built;
}
