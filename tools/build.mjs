/**
 * `npm run build`: TypeScript to dist/, coco-ts in a few modules, and the TensorFlow kernels of tfjs-node-gpu into one file,
 * dist/tfjs-node.cjs.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const require = createRequire(import.meta.url);

/** The TypeScript compiler: packages that need its API get TypeScript 6 under the plain name. */
function compileTypeScript() {
  const compiler = join(dirname(require.resolve('@typescript/native/package.json')), 'bin/tsc');
  const { status } = spawnSync(process.execPath, [compiler, '-b'], { cwd: root, stdio: 'inherit' });
  return status ?? 1;
}

/** The licence of the bundled package: kept at the head of the bundle, as Apache-2.0 section 4 asks. */
function notice() {
  const { version } = require('@tensorflow/tfjs-node-gpu/package.json');
  const licence = readFileSync(join(root, 'LICENSE'), 'utf8');
  return [
    '/*!',
    ` * Contains the kernel layer of @tensorflow/tfjs-node-gpu ${version}, Copyright Google LLC, unmodified but bundled.`,
    ' * https://github.com/tensorflow/tfjs',
    ' *',
    ...licence.split('\n').map((line) => ` * ${line}`.trimEnd()),
    ' */',
  ].join('\n');
}

async function bundleKernels(entry) {
  mkdirSync(join(root, 'dist'), { recursive: true });
  await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile: 'dist/tfjs-node.cjs',
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['@tensorflow/tfjs', '@tensorflow/tfjs-*'],
    alias: { util: './engine/tensorflow/binding/util.cjs' },
    plugins: [kernelsInside],
    legalComments: 'inline',
    banner: { js: notice() },
    logLevel: 'warning',
  });
}

/** `external` wins over bundling, so the one package that goes inside is resolved before it is asked. */
const kernelsInside = {
  name: 'kernels-inside',
  setup({ onResolve }) {
    onResolve({ filter: /^@tensorflow\/tfjs-node-gpu(\/|$)/ }, ({ path }) => ({ path: require.resolve(path) }));
  },
};

/** tfjs-vis draws with Vega-Embed, which makes code from text, and glamor, which writes style elements: the page's security policy forbids both. */
const chartsQuietly = {
  name: 'charts-quietly',
  setup({ onResolve }) {
    const charts = join(root, 'tools/dashboard/page/charts');
    const isVis = ({ importer }) => importer.includes('tfjs-vis');
    onResolve({ filter: /^vega-embed$/ }, (args) => (isVis(args) ? { path: join(charts, 'embed.ts') } : undefined));
    onResolve({ filter: /^glamor$/ }, (args) => (isVis(args) ? { path: join(charts, 'noStyles.ts') } : undefined));
  },
};

/** Folders of the packages whose code went into bundles. */
const bundled = new Set();

/** Remembers what a bundle holds. */
function noteBundled({ metafile }) {
  for (const input of Object.keys(metafile.inputs)) {
    if (input.startsWith('(disabled)')) continue; // the page does without it
    const [folder] = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input) ?? [];
    if (folder !== undefined) bundled.add(folder);
  }
}

/** The licences of those packages: theirs ask to go along. */
function writeLicences() {
  const texts = [...bundled].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    const file = readdirSync(join(root, folder)).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file === undefined ? `Licence: ${license}` : readFileSync(join(root, folder, file), 'utf8').trim();
    return `${name} ${version}\n\n${text}\n`;
  });
  writeFileSync(join(root, 'dist/BUNDLED-LICENSES.txt'), texts.join(`\n${'-'.repeat(80)}\n\n`));
}

/** The page of `espalier dashboard`: one script, one style sheet. */
async function bundlePage() {
  const page = 'tools/dashboard/page';
  const result = await build({
    absWorkingDir: root,
    metafile: true,
    entryPoints: { page: `${page}/main.ts` },
    outdir: 'dist/dashboard',
    bundle: true,
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    minify: true,
    define: { 'process.env.NODE_ENV': '"production"', global: 'globalThis' },
    plugins: [chartsQuietly],
    legalComments: 'eof',
    logLevel: 'error',
  });
  noteBundled(result);
  for (const file of ['page.html', 'page.css'])
    copyFileSync(join(root, page, file), join(root, 'dist/dashboard', file));
}

/** The page of `espalier browse`. */
async function bundleBrowser() {
  const page = 'tools/browse/page';
  const options = { absWorkingDir: root, bundle: true, minify: true, target: 'es2022', logLevel: 'warning' };
  await build({ ...options, entryPoints: { page: `${page}/main.ts` }, outdir: 'dist/browse', format: 'esm' });
  const styles = ['tools/dashboard/page/page.css', `${page}/browse.css`].map((file) =>
    readFileSync(join(root, file), 'utf8'),
  );
  writeFileSync(join(root, 'dist/browse/page.css'), styles.join('\n'));
  copyFileSync(join(root, page, 'page.html'), join(root, 'dist/browse/page.html'));
}

/** What stands inside the file that `espalier report` writes. */
async function bundleReport() {
  const page = 'tools/runReport/page';
  const options = { absWorkingDir: root, bundle: true, minify: true, target: 'es2022', logLevel: 'warning' };
  await build({ ...options, entryPoints: { report: `${page}/main.ts` }, outdir: 'dist/report', format: 'esm' });
  const styles = ['tools/dashboard/page/page.css', `${page}/report.css`].map((file) =>
    readFileSync(join(root, file), 'utf8'),
  );
  writeFileSync(join(root, 'dist/report/report.css'), styles.join('\n'));
}

/** Vega and Vega-Lite for pictures without a browser, one module. */
async function bundleVega() {
  const result = await build({
    absWorkingDir: root,
    metafile: true,
    entryPoints: { vega: 'tools/plots/vega.entry.mjs' },
    outdir: 'dist',
    bundle: true,
    platform: 'browser', // it loads nothing: everything is in the specification
    format: 'esm',
    target: 'es2022',
    minify: true,
    legalComments: 'eof',
    logLevel: 'error',
  });
  noteBundled(result);
}

/** The font of drawings, with its licence. */
function copyFont() {
  const fonts = dirname(require.resolve('@expo-google-fonts/noto-sans/package.json'));
  mkdirSync(join(root, 'dist/fonts'), { recursive: true });
  copyFileSync(join(fonts, '400Regular/NotoSans_400Regular.ttf'), join(root, 'dist/fonts/NotoSans-Regular.ttf'));
  copyFileSync(join(fonts, 'LICENSE_FONT'), join(root, 'dist/fonts/LICENSE'));
}

/** Packages of TensorFlow.js that are CommonJS in Node, by the name of what stands for them there. */
const COMMON = {
  '#tfjs': '@tensorflow/tfjs',
  '#tfjs-core': '@tensorflow/tfjs-core',
  '#tfjs-backend-wasm': '@tensorflow/tfjs-backend-wasm',
};

/**
 * Lets dist/ require TensorFlow.js where Node runs it: to import it Node reads its five megabytes twice, once for the kind of module and once for
 * its names, a third of the time in which a command starts. Bundlers see the packages.
 */
function requireTensorFlowJs() {
  const byPackage = new Map(Object.entries(COMMON).map(([name, path]) => [path, name]));
  for (const [name, path] of Object.entries(COMMON)) {
    const names = Object.keys(require(path)).filter((each) => /^[A-Za-z_]\w*$/.test(each) && each !== 'default');
    const text = `import { createRequire } from 'node:module';\nexport const { ${names.join(', ')} } = createRequire(import.meta.url)('${path}');\n`;
    writeFileSync(join(root, `dist/${name.slice(1)}.node.js`), text);
  }
  for (const file of readdirSync(join(root, 'dist'), { recursive: true })) {
    if (!file.endsWith('.js')) continue;
    const text = readFileSync(join(root, 'dist', file), 'utf8');
    const changed = text.replace(/ from '(@tensorflow\/[\w-]+)';$/gm, (all, path) =>
      byPackage.has(path) ? ` from '${byPackage.get(path)}';` : all,
    );
    if (changed !== text) writeFileSync(join(root, 'dist', file), changed);
  }
}

const status = compileTypeScript();
requireTensorFlowJs();
await import('../coco-ts/tools/bundle.mjs');
await bundleKernels('engine/tensorflow/binding/tfjs-node.entry.cjs');
await bundlePage();
await bundleReport();
await bundleBrowser();
await bundleVega();
writeLicences();
copyFont();
process.exitCode = status;
