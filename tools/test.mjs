/**
 * `npm test`: fetches the native library where it can, then runs every test project that this machine can run.
 * Counts go to the file named by ESPALIER_TEST_REPORT (default .espalier/tests.json), as vitest's JSON report.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { provideRuntime } from './native.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const report = process.env.ESPALIER_TEST_REPORT ?? join(root, '.espalier', 'tests.json');
mkdirSync(dirname(report), { recursive: true });
rmSync(report, { force: true });

const missing = await provideRuntime();
if (missing) console.log(`The tests of the native engine are skipped: ${missing}`);

const projects = ['portable', 'apart', 'browser', 'docs', ...(missing ? [] : ['native'])];
const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
const args = [
  'run',
  ...projects.flatMap((name) => ['--project', name]),
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
];
const { status } = spawnSync(process.execPath, [vitest, ...args, ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
