/** Before packing: dist/ in a few modules, dist/bundle/, for a quicker start. The worker keeps its place beside the code that starts it. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

await build({
  absWorkingDir: root,
  entryPoints: { index: 'dist/index.js', cli: 'dist/cli.js', worker: 'dist/evaluation/worker.js' },
  outdir: 'dist/bundle',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'neutral',
  target: 'es2022',
  external: ['node:*'],
  logLevel: 'warning',
});
