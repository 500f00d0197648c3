/** Compiles coco-ts/wasm to src/wasm/code.ts: `node coco-ts/tools/wasm/build.mjs`. The same sources give the same bytes. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compile } from './compiler.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const sources = join(root, 'wasm');

/** What the module imports from its host. */
const IMPORTS = [{ name: 'exp', parameters: ['f64'], result: 'f64' }];

/** The text of src/wasm/code.ts. */
export function generate() {
  const names = readdirSync(sources).filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'));
  const shared = ['layout.ts', 'plan.ts'].map((name) => join(root, 'src/wasm', name));
  const paths = [...shared, ...names.sort().map((name) => join(sources, name))];
  const files = paths.map((path) => ({ name: path, text: readFileSync(path, 'utf8') }));
  const code = Buffer.from(compile(files, IMPORTS)).toString('base64');
  const lines = code.match(/.{1,112}/g).map((line) => `  '${line}'`);
  return `/** coco-ts/wasm as a module, by \`node coco-ts/tools/wasm/build.mjs\`. */\nexport const CODE =\n${lines.join(' +\n')};\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(join(root, 'src/wasm/code.ts'), generate());
