/** Compiles the AssemblyScript of coco-ts/wasm to src/wasm/code.ts: `node coco-ts/tools/wasm.mjs`. The same sources give the same bytes. */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** What src/wasm/layout.ts exports: its addresses and limits are integer constants of the sources. */
async function readLayout() {
  const entry = join(root, 'src/wasm/layout.ts');
  const { outputFiles } = await build({ entryPoints: [entry], write: false, format: 'esm', logLevel: 'warning' });
  const text = Buffer.from(outputFiles[0].contents).toString('base64');
  return import(`data:text/javascript;base64,${text}`);
}

const FLAGS = [
  '-O3',
  '--converge',
  '--runtime',
  'stub',
  '--noAssert',
  '--enable',
  'simd',
  '--importMemory',
  '--noExportMemory',
];

/** The bytes of the module. */
export async function compile() {
  const { AT, ...others } = await readLayout();
  const limits = Object.entries(others).filter(([, value]) => typeof value === 'number');
  const constants = [...Object.entries(AT), ...limits].flatMap(([name, value]) => ['--use', `${name}=${value}`]);
  let bytes;
  const { error, stderr } = await asc.main(['index.ts', '-o', 'code.wasm', ...FLAGS, ...constants], {
    readFile: (name, folder) => {
      try {
        return readFileSync(join(root, 'wasm', folder, name), 'utf8');
      } catch {
        return null;
      }
    },
    writeFile: (_, contents) => {
      bytes = contents;
    },
    listFiles: () => [],
  });
  if (error) throw new Error(`${error.message}\n${stderr}`);
  return bytes;
}

/** The text of src/wasm/code.ts. */
export async function generate() {
  const code = Buffer.from(await compile()).toString('base64');
  const lines = code.match(/.{1,112}/g).map((line) => `  '${line}'`);
  return `/** coco-ts/wasm as a module, by \`node coco-ts/tools/wasm.mjs\`. */\nexport const CODE =\n${lines.join(' +\n')};\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(join(root, 'src/wasm/code.ts'), await generate());
