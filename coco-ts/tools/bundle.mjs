/** dist/ in a few modules, dist/bundle/, for a quicker start. The worker keeps its place beside the code that starts it. */
import { readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

const options = {
  absWorkingDir: root,
  outdir: 'dist/bundle',
  bundle: true,
  format: 'esm',
  platform: 'neutral',
  target: 'es2022',
  minifyWhitespace: true,
  external: ['node:*'],
  metafile: true,
  logLevel: 'warning',
};
// The strings of masks are had without the rest.
const library = await build({
  ...options,
  entryPoints: { index: 'dist/index.js', counts: 'dist/mask/plainCounts.js' },
  splitting: true,
});
const worker = await build({ ...options, entryPoints: { worker: 'dist/evaluation/worker.js' } });
// A command loads what it needs.
const commands = await build({ ...options, entryPoints: { cli: 'dist/cli.js' }, splitting: true });

// Of an earlier build.
const folder = join(root, 'dist/bundle');
const outputs = { ...library.metafile.outputs, ...worker.metafile.outputs, ...commands.metafile.outputs };
for (const name of readdirSync(folder)) if (!(`dist/bundle/${name}` in outputs)) rmSync(join(folder, name));
