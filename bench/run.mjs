// npm run bench -- NAME [options]: runs bench/NAME.mjs or bench/NAME/run.mjs.
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const [name, ...rest] = process.argv.slice(2);
const candidates = name ? [join(here, `${name}.mjs`), join(here, name, 'run.mjs')] : [];
const script = candidates.find((path) => existsSync(path));
if (!script) {
  const names = readdirSync(here, { withFileTypes: true })
    .filter((entry) =>
      entry.isDirectory() ? existsSync(join(here, entry.name, 'run.mjs')) : entry.name.endsWith('.mjs'),
    )
    .map((entry) => entry.name.replace(/\.mjs$/, ''))
    .filter((entry) => entry !== 'run' && entry !== 'turns');
  console.error(`usage: npm run bench -- NAME, one of: ${names.join(', ')}`);
  process.exit(2);
}
process.argv.splice(2, process.argv.length, ...rest);
await import(script);
