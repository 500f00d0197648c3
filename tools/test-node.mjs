/**
 * `npm run test:node -- [VERSION...]`: the engine's tests under other releases of Node (22 and 24 when none is named). Each
 * is fetched as the npm package node-PLATFORM-ARCH into a temporary folder, and is no dependency of this one.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { provideRuntime } from './native.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const given = process.argv.slice(2);
const versions = given.length > 0 ? given : ['22', '24'];
const platform = process.platform === 'win32' ? 'win' : process.platform;
const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');

const missing = await provideRuntime();
if (missing) console.log(`The tests of the native engine are skipped: ${missing}`);
const suites = [['portable', 'test/engine'], ...(missing ? [] : [['native', 'test/engine']])];

const folder = mkdtempSync(join(tmpdir(), 'espalier-node-'));
let failures = 0;
try {
  for (const version of versions) failures += (await testUnder(version)) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = failures === 0 ? 0 : 1;

async function testUnder(version) {
  const name = `node-${platform}-${process.arch}`;
  const prefix = join(folder, version);
  const install = ['install', '--prefix', prefix, '--no-save', '--no-audit', '--no-fund', '--ignore-scripts'];
  const fetched = spawnSync('npm', [...install, `${name}@${version}`], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (fetched.status !== 0) {
    console.error(`Node ${version}: npm could not fetch ${name}@${version}`);
    return false;
  }
  const bin = join(prefix, 'node_modules', name, 'bin');
  const node = join(bin, process.platform === 'win32' ? 'node.exe' : 'node');
  console.log(`Node ${spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim()}`);
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
  return suites.every(([project, tests]) => {
    const { status } = spawnSync(node, [vitest, 'run', '--project', project, tests], {
      cwd: root,
      stdio: 'inherit',
      env,
    });
    return status === 0;
  });
}
