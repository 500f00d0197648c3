// The packed tarball in empty projects: every package manager installs it and README's first example runs; Vite and Next.js build.
// `npm run build`, then `node bench/run.mjs packages [NAME...]`, names being npm, pnpm, yarn1, yarn4, pnp, bun,
// vite, next, next-predict and browser (of examples/), predict, which opens its page in Chromium (on the path, or ESPALIER_CHROMIUM) and counts the boxes that it draws.
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { gzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';

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

/** A copy of a project with its own tools. */
function application(name, packages, from = join(here, name)) {
  const place = project(name, {});
  const filter = (path) => !/package\.json$|node_modules/.test(path);
  cpSync(from, place, { recursive: true, filter });
  run(place, 'npm', ['install', ...QUIET, tarball, TFJS, ...packages]);
  return place;
}

/** A detector after one epoch on three drawn images, exported, and one of the images. */
function smallDetector(place) {
  const cli = (...args) => run(place, 'npx', ['espalier', ...args]);
  const config = [
    'data: { kind: coco, root: sample, images: images, train: annotations/train.json, val: annotations/val.json }',
    'model: { inputSize: [64, 64], neckChannels: 16, neckRepeats: 1 }',
    'train: { epochs: 1, batchSize: 2, workers: 0 }',
  ];
  writeFileSync(join(place, 'cells.yaml'), config.join('\n'));
  cli('sample', 'cells', '--out', 'sample', '--images', '3');
  cli('train', 'cells.yaml', '--out', 'run', '--engine', 'wasm');
  cli('export', 'run', '--to', 'bundle', '--out', 'public/model.bundle', '--engine', 'wasm');
  cpSync(join(place, 'sample/images/0000.png'), join(place, 'public/photo.png'));
}

const TYPES = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};

/** Opens a built page in Chromium without a window; what it draws: the pixels of the canvas that differ from the image's. */
async function boxesDrawn(folder) {
  const server = createServer(({ url }, response) => {
    const path = join(
      folder,
      normalize(new URL(url, 'http://a').pathname === '/' ? '/index.html' : new URL(url, 'http://a').pathname),
    );
    const isThere = existsSync(path) && statSync(path).isFile();
    response.writeHead(isThere ? 200 : 404, { 'content-type': TYPES[extname(path)] ?? 'application/octet-stream' });
    response.end(isThere ? readFileSync(path) : '');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const executablePath = process.env.ESPALIER_CHROMIUM ?? '/usr/bin/chromium';
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  try {
    const tab = await browser.newPage();
    const errors = [];
    tab.on('pageerror', (error) => errors.push(String(error)));
    await tab.goto(`http://127.0.0.1:${server.address().port}/`);
    await tab.locator('canvas').waitFor();
    const changed = await tab.evaluate(async () => {
      const read = (drawn) => {
        const canvas = Object.assign(document.createElement('canvas'), { width: drawn.width, height: drawn.height });
        canvas.getContext('2d').drawImage(drawn, 0, 0);
        return canvas.getContext('2d').getImageData(0, 0, drawn.width, drawn.height).data;
      };
      const image = Object.assign(new Image(), { src: '/photo.png' });
      await image.decode();
      const [plain, drawn] = [read(image), read(document.querySelector('canvas'))];
      return drawn.filter((value, i) => value !== plain[i]).length;
    });
    if (errors.length > 0 || changed < 100) throw new Error(`the page drew ${changed} values: ${errors.join('; ')}`);
  } finally {
    await browser.close();
    server.close();
  }
}

const kilobytes = (bytes) => `${(bytes / 1000).toFixed(0)} kB`;

/** The scripts of a built page, and what of them the page's own HTML asks for. */
function describeScripts(folder) {
  const assets = readdirSync(join(folder, 'assets'));
  const sizeOf = (name) => readFileSync(join(folder, 'assets', name));
  const entry = /assets\/([\w.-]+\.js)/.exec(readFileSync(join(folder, 'index.html'), 'utf8'))[1];
  const others = assets.filter((name) => name !== entry).map((name) => `${name} ${kilobytes(sizeOf(name).length)}`);
  const code = sizeOf(entry);
  return `${entry} ${kilobytes(code.length)} (${kilobytes(gzipSync(code).length)} gzipped); when asked for: ${others.join(', ')}`;
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
  'next-predict': () => {
    const packages = ['next@16', 'react', 'react-dom', 'onnxruntime-web@1.30.0'];
    const place = application('next-predict', packages, join(root, 'examples/next'));
    run(place, 'npx', ['next', 'build']);
  },
  browser: () => {
    const { dependencies } = JSON.parse(readFileSync(join(root, 'examples/browser/package.json'), 'utf8'));
    const { espalier: _, ...others } = dependencies;
    const packages = [...Object.entries(others).map(([name, version]) => `${name}@${version}`), 'vite@8'];
    const place = application('browser', packages, join(root, 'examples/browser'));
    run(place, 'npx', ['vite', 'build']);
  },
  predict: async () => {
    const place = application('predict', ['onnxruntime-web@1.30.0', 'vite@8']);
    smallDetector(place);
    run(place, 'npx', ['vite', 'build', '--target', 'es2022']);
    await boxesDrawn(join(place, 'dist'));
    return describeScripts(join(place, 'dist'));
  },
};

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(CHECKS);
for (const name of names) {
  const started = performance.now();
  try {
    const more = (await CHECKS[name]()) ?? '';
    console.log(`${name}: works (${((performance.now() - started) / 1000).toFixed(0)} s) ${more}`.trim());
  } catch (error) {
    process.exitCode = 1;
    console.log(`${name}: ${error.message}`);
  }
}
rmSync(folder, { recursive: true, force: true });
