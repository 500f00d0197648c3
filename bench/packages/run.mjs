// The packed tarball in empty projects: every package manager installs it and README's first example runs; Vite and Next.js build.
// `npm run build`, then `node bench/run.mjs packages [NAME...]`, names being npm, pnpm, yarn1, yarn4, pnp, bun, vite, next.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const here = import.meta.dirname;
const root = join(here, '../..');
const folder = mkdtempSync(join(tmpdir(), 'espalier-packages-'));
const QUIET = ['--no-audit', '--no-fund', '--ignore-scripts'];
const TFJS = '@tensorflow/tfjs@4.22.0';

function run(cwd, command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error ?? `${stdout}${stderr}`.slice(-3000)}`);
  return stdout;
}

run(root, 'npm', ['pack', '--ignore-scripts', '--pack-destination', folder]);
const tarball = join(
  folder,
  readdirSync(folder).find((name) => name.endsWith('.tgz')),
);
const [, example, expected] = /```ts\n([\s\S]*?)```\n+```text\n([\s\S]*?)```/.exec(
  readFileSync(join(root, 'README.md'), 'utf8'),
);

/** The package managers themselves, from the registry that npm is configured for. */
function managers() {
  const place = project('managers', {});
  run(place, 'npm', ['install', ...QUIET, 'pnpm', 'yarn@1', '@yarnpkg/cli-dist@4', 'bun']);
  const modules = join(place, 'node_modules');
  const bun = readdirSync(join(modules, '@oven'))[0];
  return {
    pnpm: [process.execPath, join(modules, 'pnpm/bin/pnpm.mjs')],
    yarn1: [process.execPath, join(modules, 'yarn/bin/yarn.js')],
    yarn4: [process.execPath, join(modules, '@yarnpkg/cli-dist/bin/yarn.js')],
    bun: [join(modules, '@oven', bun, 'bin/bun')],
  };
}

function project(name, files) {
  const place = join(folder, name);
  mkdirSync(place);
  writeFileSync(join(place, 'package.json'), JSON.stringify({ name, private: true, type: 'module' }));
  for (const [path, text] of Object.entries(files)) writeFileSync(join(place, path), text);
  return place;
}

/** An empty project in which a manager adds the tarball, and the example as a program. */
function inProject(name, [command, ...first], add, files, node = [process.execPath]) {
  const place = project(name, { ...files, 'example.mjs': example });
  run(place, command, [...first, ...add]);
  const [program, ...args] = node;
  const printed = run(place, program, [...args, 'example.mjs']);
  if (printed !== expected) throw new Error(`${name}: the example printed ${printed}`);
}

/** A copy of an example project with its own tools. */
function application(name, packages) {
  const place = project(name, {});
  cpSync(join(here, name), place, { recursive: true });
  run(place, 'npm', ['install', ...QUIET, tarball, TFJS, ...packages]);
  return place;
}

let known;
const manager = (name) => {
  known ??= managers();
  return known[name];
};
/** TensorFlow.js requires `long` without declaring it; Plug'n'Play needs to be told. */
const PNP = 'packageExtensions:\n  "@tensorflow/tfjs@*":\n    dependencies:\n      long: "4.0.0"\n';

const CHECKS = {
  npm: () => inProject('npm', ['npm'], ['install', ...QUIET, tarball, TFJS], {}),
  pnpm: () => inProject('pnpm', manager('pnpm'), ['add', '--ignore-scripts', tarball, TFJS], {}),
  yarn1: () => inProject('yarn1', manager('yarn1'), ['add', '--ignore-scripts', tarball, TFJS], {}),
  yarn4: () =>
    inProject('yarn4', manager('yarn4'), ['add', `espalier@file:${tarball}`, TFJS], {
      'yarn.lock': '',
      '.yarnrc.yml': 'nodeLinker: node-modules\nenableScripts: false\n',
    }),
  pnp: () =>
    inProject(
      'pnp',
      manager('yarn4'),
      ['add', `espalier@file:${tarball}`, TFJS],
      { 'yarn.lock': '', '.yarnrc.yml': PNP },
      [...manager('yarn4'), 'node'],
    ),
  bun: () => inProject('bun', manager('bun'), ['add', tarball, TFJS], {}),
  vite: () => {
    const place = application('vite', ['@tensorflow/tfjs-backend-webgpu@4.22.0', 'vite@8']);
    run(place, 'npx', ['vite', 'build']);
  },
  next: () => {
    const place = application('next', ['next@16', 'react', 'react-dom']);
    run(place, 'npx', ['next', 'build']);
  },
};

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(CHECKS);
for (const name of names) {
  const started = performance.now();
  try {
    CHECKS[name]();
    console.log(`${name}: works (${((performance.now() - started) / 1000).toFixed(0)} s)`);
  } catch (error) {
    process.exitCode = 1;
    console.log(`${name}: ${error.message}`);
  }
}
rmSync(folder, { recursive: true, force: true });
