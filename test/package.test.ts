import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

interface Manifest {
  readonly name: string;
  readonly dependencies?: { readonly [name: string]: string };
  readonly optionalDependencies?: { readonly [name: string]: string };
  readonly peerDependencies?: { readonly [name: string]: string };
  readonly imports?: { readonly [name: string]: { readonly types: string; readonly default: string } };
  readonly exports: unknown;
  readonly bin: { readonly [name: string]: string };
  readonly homepage: string;
  readonly bugs: { readonly url: string };
  readonly repository: { readonly url: string };
}

const manifestOf = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;

/** Paths in the tarball that `npm pack` makes. */
function packed(folder: string): ReadonlySet<string> {
  const { stdout, stderr } = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: folder,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  const answer = JSON.parse(stdout || '[]') as readonly { readonly files: readonly { readonly path: string }[] }[];
  const [tarball] = Object.values(answer);
  if (!tarball) throw new Error(stderr);
  return new Set(tarball.files.map(({ path }) => path));
}

/** What a module imports, by `import`, `export from`, `import()` and `require` of a text. */
const IMPORTS = /(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\(\s*)(['"])([@#./\w-][^'"\n]*)\1/g;
const ADDRESSES = /new URL\(\s*(['"])([^'"]*)\1,\s*import\.meta\.url\s*\)/g;
/** Made of one piece, with texts that look like imports. */
const BUNDLES = /^dist\/((dashboard|browse)\/page|report\/report|vega)\.js$/;
const builtin = new Set(builtinModules);

/** Strings inside a value, wherever. */
const leaves = (value: unknown): readonly string[] =>
  typeof value === 'string' ? [value] : Object.values(value as object).flatMap(leaves);

describe.each([
  ['espalier', root],
  ['coco-ts', join(root, 'coco-ts')],
])('the package %s', (_, folder) => {
  const files = packed(folder);
  const manifest = manifestOf(folder);
  const text = (path: string): string => readFileSync(join(folder, path), 'utf8');
  const programs = [...files].filter((path) => /\.(js|cjs|d\.ts|d\.cts)$/.test(path));
  const { dependencies, optionalDependencies, peerDependencies } = manifest;
  const allowed = new Set(Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies }));

  it('ships what it names, and nothing of the build', () => {
    const imported = leaves(manifest.imports ?? {});
    const isPackage = (name: string): boolean => !name.startsWith('.');
    expect(imported.filter((name) => isPackage(name) && !allowed.has(name))).toEqual([]);
    const named = [manifest.exports, imported.filter((name) => !isPackage(name)), manifest.bin]
      .flatMap(leaves)
      .map((path) => normalize(path));
    expect(named.length).toBeGreaterThan(2);
    expect(named.filter((path) => !files.has(path))).toEqual([]);
    expect([...files].filter((path) => /tsbuildinfo|\.map$|\.test\.|node_modules|^test/.test(path))).toEqual([]);
    for (const path of ['LICENSE', 'README.md', 'package.json']) expect(files).toContain(path);
  });

  it('has pages and charts that import nothing', () => {
    for (const path of programs.filter((file) => BUNDLES.test(file))) expect(text(path)).not.toMatch(/^import\b/m);
  });

  it('imports only what it ships or depends on, so that no registry is asked for a name it does not have', () => {
    const missing = programs
      .filter((path) => !BUNDLES.test(path))
      .flatMap((path) =>
        [...text(path).matchAll(IMPORTS)].flatMap(([, , name = '']) => {
          if (name.startsWith('node:') || builtin.has(name)) return [];
          if (name.startsWith('#')) return manifest.imports?.[name] ? [] : [`${path}: ${name}`];
          if (name.startsWith('.')) {
            const target = normalize(join(dirname(path), name));
            const found = path.endsWith('ts') ? target.replace(/\.(c?)js$/, '.d.$1ts') : target;
            return files.has(found) ? [] : [`${path}: ${name}`];
          }
          const dependency = /^(@[^/]+\/)?[^/]+/.exec(name)?.[0] as string;
          const isOwn = dependency === manifest.name;
          return isOwn || allowed.has(dependency) ? [] : [`${path}: ${name}`];
        }),
      );
    expect(missing).toEqual([]);
  });

  it('has addresses of files it ships, none of folders, which bundlers cannot copy', () => {
    const addresses = programs.flatMap((path) =>
      [...text(path).matchAll(ADDRESSES)].map(([, , name = '']) => normalize(join(dirname(path), name))),
    );
    expect(addresses.length).toBeGreaterThan(0);
    expect(addresses.filter((path) => !files.has(path))).toEqual([]);
  });

  it('has a README without links into a repository, which are dead on the page of a package', () => {
    const links = [...text('README.md').matchAll(/(!?)\[[^\]]*\]\(([^)]+)\)/g)].map(([, mark, target = '']) => ({
      mark,
      target,
    }));
    const isKept = ({ mark, target }: (typeof links)[number]): boolean =>
      mark === '!' ? files.has(target) : /^https:\/\//.test(target);
    expect(links.filter((link) => !isKept(link))).toEqual([]);
    const pages = [...text('README.md').matchAll(/`([\w/.-]+\.(?:md|yaml|json))`/g)].map(([, page = '']) => page);
    expect(pages.filter((page) => !files.has(page) && page.includes('/'))).toEqual([]);
  });

  it('names one place for its sources, its page and its faults', () => {
    const [home, sources, faults] = [manifest.homepage, manifest.repository.url, manifest.bugs.url];
    expect(new Set([home, sources.replace(/^git\+/, ''), faults].map((url) => new URL(url).host)).size).toBe(1);
  });
});

describe('in a project of its own', () => {
  const project = mkdtempSync(join(tmpdir(), 'espalier-project-'));
  beforeAll(() => {
    mkdirSync(join(project, 'node_modules/@tensorflow'), { recursive: true });
    symlinkSync(root, join(project, 'node_modules/espalier'), 'junction');
    symlinkSync(
      join(root, 'node_modules/@tensorflow/tfjs'),
      join(project, 'node_modules/@tensorflow/tfjs'),
      'junction',
    );
    writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
    writeFileSync(
      join(project, 'portable.ts'),
      "import { ready, createDetector } from 'espalier';\nvoid [ready, createDetector];\n",
    );
    writeFileSync(
      join(project, 'run.ts'),
      "import { openRun, trainExperiment } from 'espalier';\nvoid [openRun, trainExperiment];\n",
    );
    writeFileSync(join(project, 'node.ts'), "import { openRun } from 'espalier/node';\nvoid openRun;\n");
    writeFileSync(join(project, 'webgpu.ts'), "import 'espalier/webgpu';\n");
  });
  afterAll(() => rmSync(project, { recursive: true, force: true }));

  /** Errors of the compiler by file: its code, and the name it misses. */
  function errors(options: object): readonly string[] {
    const compilerOptions = { target: 'es2022', strict: true, noEmit: true, skipLibCheck: true, types: [], ...options };
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
    const compiler = join(root, 'node_modules/@typescript/native/bin/tsc');
    const { stdout } = spawnSync(process.execPath, [compiler, '-p', project, '--pretty', 'false'], {
      encoding: 'utf8',
    });
    return [...stdout.matchAll(/^(?:.*[/\\])?(\w+\.ts)\(.*error (TS\d+): .*?'(?:"espalier"|espalier)'.*?'(\w+)'/gm)]
      .map(([, file, code, name]) => `${file} ${code} ${name}`)
      .concat(stdout === '' || stdout.includes('espalier') ? [] : [stdout]);
  }

  it('a page sees what runs in a page', () => {
    const bundler = { module: 'preserve', moduleResolution: 'bundler' };
    expect(errors(bundler)).toEqual(['run.ts TS2305 openRun', 'run.ts TS2305 trainExperiment']);
    expect(errors({ ...bundler, customConditions: ['node'] })).toEqual([]);
  });

  it('a program of Node sees everything', () => {
    expect(errors({ module: 'nodenext', moduleResolution: 'nodenext' })).toEqual([]);
  });

  it('each folder is had by its noun', async () => {
    const nouns = Object.keys(manifestOf(root).exports as object)
      .filter((path) => /^\.\/(?!node|webgpu|package)/.test(path))
      .map((path) => path.slice(2));
    expect(nouns).toEqual([
      ...['backbones', 'layers', 'kernels', 'engine', 'weights', 'data', 'necks', 'heads', 'training', 'predict'],
    ]);
    writeFileSync(
      join(project, 'nouns.ts'),
      nouns.map((noun) => `import * as ${noun} from 'espalier/${noun}';\nvoid ${noun};\n`).join(''),
    );
    try {
      expect(errors({ module: 'nodenext', moduleResolution: 'nodenext' })).toEqual([]);
    } finally {
      rmSync(join(project, 'nouns.ts'));
    }
    const portable = nouns.filter((noun) => noun !== 'data');
    const { bytes } = await bundle(portable.map((noun) => `export * as ${noun} from 'espalier/${noun}';`).join('\n'));
    expect(bytes.size).toBeGreaterThan(100);
  });

  it('backbones alone add less than 250 kB to a page that has tfjs', async () => {
    const { bytes } = await bundle("export * from 'espalier/backbones';");
    const own = [...bytes].reduce((sum, [path, count]) => sum + (/@tensorflow\//.test(path) ? 0 : count), 0);
    expect(own).toBeGreaterThan(100_000);
    expect(own).toBeLessThan(250_000);
  });

  it('backbones are less than 500 kB with the tfjs they need, and run without the rest of it', async () => {
    const { bytes, text } = await bundle(
      "import { countNetwork, createBackbone } from 'espalier/backbones'; globalThis.counted = " +
        "['tf_efficientnet_b0', 'vit_tiny_patch16_224'].map((arch) => countNetwork(() => createBackbone({ arch }), [224, 224, 3]).parameters);",
    );
    expect(
      [...bytes.keys()].filter((path) => /@tensorflow\/tfjs(-layers|-backend-\w+|-data|-converter)?\//.test(path)),
    ).toEqual([]);
    const whole = await bundle("export * from 'espalier/backbones';");
    expect(whole.text.length).toBeGreaterThan(300_000);
    expect(whole.text.length).toBeLessThan(500_000);
    const program = join(project, 'counted.mjs');
    const asInAWorker = 'globalThis.process = undefined; globalThis.WorkerGlobalScope = class {};';
    writeFileSync(program, `${asInAWorker}\n${text}\nconsole.log(globalThis.counted.join());`);
    const { stdout, stderr } = spawnSync(process.execPath, [program], { encoding: 'utf8' });
    // B0: 5,288,548 less its classifier (1,281,000) and last convolution (412,160); ViT: 5,717,416 less classifier and last norm.
    expect(stdout.trim() || stderr).toBe('3595388,5524032');
  });

  /** Bundles a program for a page; the bytes that each module brings, by its path. */
  async function bundle(
    program: string,
  ): Promise<{ readonly bytes: ReadonlyMap<string, number>; readonly text: string }> {
    const { metafile, outputFiles } = await build({
      stdin: { contents: program, resolveDir: project },
      bundle: true,
      write: false,
      metafile: true,
      minify: true,
      format: 'esm',
      platform: 'browser',
      preserveSymlinks: true,
      logLevel: 'silent',
    });
    const [output] = Object.values(metafile.outputs);
    const bytes = new Map(
      Object.entries(output?.inputs ?? {}).map(([path, { bytesInOutput }]) => [
        path.replace(/^.*node_modules\/espalier\//, ''),
        bytesInOutput,
      ]),
    );
    return { bytes, text: outputFiles[0]?.text as string };
  }

  it('a bundle keeps what registers itself, and leaves out what is not used', async () => {
    const { bytes, text } = await bundle(
      "import { createEfficientNet, ready } from 'espalier'; globalThis.used = [createEfficientNet, ready];",
    );
    expect(text).toContain('EspalierBackbone'); // tf.loadLayersModel finds the layer by it
    for (const kernel of ['EspalierBatchNorm', 'EspalierSwish']) expect(text).toContain(kernel);
    const has = (pattern: RegExp): number =>
      [...bytes].reduce((sum, [path, count]) => sum + (pattern.test(path) ? count : 0), 0);
    expect(has(/dist\/backbones\/layer\.js/)).toBeGreaterThan(1000);
    expect(has(/dist\/engine\/wasm\//)).toBeGreaterThan(10_000);
    expect(has(/dist\/engine\/kernels\/stockGradients\.js/)).toBeGreaterThan(1000);
    expect(has(/zod\/v4\/locales\/(?!en\.)/)).toBe(0);
    expect(has(/coco-ts\//)).toBe(0);
    expect(has(/dist\/heads\/semantic\/loss/)).toBe(0);
  });

  it('a bundle keeps an engine that is imported for itself alone', async () => {
    const { text } = await bundle("import 'espalier/webgpu';");
    expect(text).toContain('this browser gives no WebGPU adapter');
  });
});
