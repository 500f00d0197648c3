/**
 * `npm run test:browser`: every EfficientNet with recorded maps, and training from a checkpoint, in headless Chromium on
 * WebAssembly, WebGL and WebGPU, the last two in software. Prints how near each came, as a table.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const figures = join(root, '.espalier', 'browser.jsonl');
mkdirSync(dirname(figures), { recursive: true });
rmSync(figures, { force: true });

const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
const { status } = spawnSync(process.execPath, [vitest, 'run', '--project', 'browser', ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, ESPALIER_TEST_BROWSER: 'all', ESPALIER_BROWSER_FIGURES: figures },
});
if (existsSync(figures)) console.log(table(readFileSync(figures, 'utf8').trim().split('\n').map(JSON.parse)));
process.exitCode = status ?? 1;

/** Rows are networks; of each engine the largest difference as a share of its tensor's spread and of the tolerance, and the time. */
function table(rows) {
  const engines = ['wasm', 'webgl', 'webgpu'];
  const names = [...new Set(rows.map(({ name }) => name))].sort();
  const cell = (row) =>
    row === undefined
      ? ''
      : `${row.spread.toExponential(1)}, ${row.worst.toFixed(3)}, ${row.milliseconds.toFixed(0)} ms`;
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [
    'largest difference / spread, largest difference / tolerance, milliseconds of the last image',
    line(['network', ...engines]),
    line(['---', ...engines.map(() => '---')]),
    ...names.map((name) =>
      line([name, ...engines.map((engine) => cell(rows.find((row) => row.name === name && row.engine === engine)))]),
    ),
  ].join('\n');
}
