import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pullWeights } from '../pretrained/files/pull.js';
import { modelRows } from '../tools/inspect/all.js';
import { type BackboneRow, backboneRows, describeBackbones } from '../tools/inspect/backbones.js';
import { describeAll } from '../tools/inspect/inspect.js';

const root = fileURLToPath(new URL('..', import.meta.url));
/** Inside the package, so that `espalier` means this repository's build. */
const folder = join(root, '.espalier', 'docs');

interface Example {
  readonly name: string;
  readonly code: string;
  /** The text block that follows. */
  readonly output: string;
}

/** TypeScript blocks of a page, each with the output it promises. */
function examplesOf(page: string): readonly Example[] {
  const text = readFileSync(join(root, page), 'utf8');
  const blocks = [...text.matchAll(/```ts\n([\s\S]*?)```\n+(?:```text\n([\s\S]*?)```)?/g)];
  return blocks.map(([, code = '', output = ''], index) => ({ name: `${page} ${index + 1}`, code, output }));
}

/** Hand-written pages of the site that `npm run docs` builds. */
const SITE = readdirSync(join(root, 'docs')).flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : []));
const examples = ['README.md', 'engine/README.md', ...SITE].flatMap(examplesOf);
const file = (index: number): string => join(folder, `example${index}.ts`);

/** Why the examples that start from pretrained weights cannot run here. */
const noWeights = await pullWeights('efficientnet-lite0', { offline: false }).then(
  () => null,
  (error: unknown) => (error instanceof Error ? error.message : String(error)),
);

function run(args: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${args.join(' ')}: exit status ${status}\n${stdout}${stderr}`);
  return stdout;
}

describe('the examples of the pages', () => {
  let work: string;

  beforeAll(() => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    for (const [index, { code }] of examples.entries()) writeFileSync(file(index), `${code}export {};\n`);
    copyFileSync(join(root, 'examples/ownLoop.ts'), join(folder, 'ownLoop.ts'));
    const tsconfig = {
      extends: '../../tsconfig.base.json',
      compilerOptions: { outDir: 'built', rootDir: '.', declaration: false, noUnusedLocals: false },
      include: ['*.ts'],
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(tsconfig));
    work = mkdtempSync(join(tmpdir(), 'espalier-docs-'));
  });
  afterAll(() => {
    rmSync(work, { recursive: true, force: true });
    rmSync(folder, { recursive: true, force: true });
  });

  it('compile under the strict settings', () => {
    expect(examples.length).toBeGreaterThanOrEqual(4);
    run([join(root, 'node_modules/@typescript/native/bin/tsc'), '-p', folder], root);
  });

  it('have a trained run to predict with', () => {
    const program = join(root, 'bin/espalier.js');
    writeFileSync(
      join(work, 'cells.yaml'),
      'data: { kind: coco, root: sample, images: images, train: annotations/train.json, val: annotations/val.json }\n' +
        'model: { inputSize: [64, 64], neckChannels: 16, neckRepeats: 1 }\n' +
        'train: { epochs: 1, batchSize: 2, workers: 0 }\n',
    );
    run([program, 'sample', 'cells', '--out', 'sample', '--images', '3'], work);
    run([program, 'train', 'cells.yaml', '--out', 'runs/cells', '--engine', 'wasm'], work);
    run([program, 'export', 'runs/cells', '--to', 'bundle', '--out', 'cells.espalier', '--engine', 'wasm'], work);
    copyFileSync(join(work, 'sample/images/0000.png'), join(work, 'photo.png'));
  });

  it('examples/ownLoop.ts ends with the same losses when it is stopped and continued', () => {
    const loop = (weights: string, until: number): readonly string[] =>
      run([join(folder, 'built/ownLoop.js'), 'sample', weights, String(until)], work)
        .trim()
        .split('\n');
    const whole = loop('whole.safetensors', 3);
    const parts = [...loop('parts.safetensors', 2), ...loop('parts.safetensors', 3)];
    expect(whole).toHaveLength(3);
    expect(whole[0]).toMatch(/^step 1: loss \d+\.\d{6}$/);
    expect(new Set(whole).size).toBe(3);
    expect(parts).toEqual(whole);
  });

  for (const [index, { name, code, output }] of examples.entries()) {
    const reason = code.includes("'efficientnet-lite0'") ? noWeights : null;
    it.skipIf(reason)(`${name} prints what the page says${reason === null ? '' : ` (${reason})`}`, () => {
      expect(run([join(folder, 'built', `example${index}.js`)], work)).toBe(output);
      expect(output).not.toBe('');
    });
  }
});

describe('the pages', () => {
  let rows: readonly BackboneRow[] | undefined;
  const counted = (): readonly BackboneRow[] => {
    rows ??= backboneRows();
    return rows;
  };
  const pages = [
    ...['README.md', 'backbones/README.md', 'engine/README.md'],
    ...['ARCHITECTURE.md', 'CONTRIBUTING.md', 'AGENTS.md', 'CHANGELOG.md', 'examples/own-parts/README.md'],
    ...['browser/README', 'server/README', 'custom/README', 'recipes/edge', 'electron', 'deno-bun'].map(
      (name) => `examples/${name}.md`,
    ),
    ...SITE,
  ];

  it.each(pages)('%s links to files that exist', (page) => {
    const text = readFileSync(join(root, page), 'utf8');
    const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, target = '']) => target);
    for (const target of links) expect(existsSync(join(root, dirname(page), target)), target).toBe(true);
  });

  it.each(pages)('%s names files and folders that exist', (page) => {
    const text = readFileSync(join(root, page), 'utf8');
    const folders = 'backbones|necks|heads|datasets|training|engine|configs|tools|test|coco-ts|bin';
    const names = [...text.matchAll(new RegExp(`\`((?:${folders})/[\\w./-]*)\``, 'g'))].map(([, name = '']) => name);
    for (const name of names) expect(existsSync(join(root, name)), `${page}: ${name}`).toBe(true);
  });

  it('the questions quote messages that the library gives', () => {
    const folders = ['backbones', 'configs', 'datasets', 'engine', 'heads', 'training'];
    const files = folders.flatMap((place) =>
      readdirSync(join(root, place), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .map((name) => readFileSync(join(root, place, name), 'utf8')),
    );
    const text = files.join('\n').replaceAll('\\`', '`');
    const quotes = [...readFileSync(join(root, 'docs/faq.md'), 'utf8').matchAll(/\*\*"([^"]+)"\*\*/g)];
    expect(quotes.length).toBeGreaterThan(8);
    for (const [, quote = ''] of quotes) {
      for (const part of quote.replace(/\s+/g, ' ').split('...')) expect(text, quote).toContain(part.trim());
    }
  });

  it('the README names only commands that exist', () => {
    const commands = [...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/espalier (\w+) /g)];
    const named = [...new Set(commands.map(([, name = '']) => name))];
    const help = run([join(root, 'bin/espalier.js'), '--help'], root);
    for (const name of named) expect(help).toContain(`\n  ${name} `);
    expect(named.length).toBeGreaterThan(4);
  });

  it.each([
    ['README.md', '--all', () => describeAll(modelRows(), counted(), { markdown: true })],
    ['backbones/README.md', '--backbones', () => describeBackbones(counted(), { markdown: true })],
  ])('%s has what `inspect %s --markdown` prints (ACCEPT=1 writes it)', (name, option, describeTables) => {
    const page = join(root, name);
    const text = readFileSync(page, 'utf8');
    const marker = `<!-- inspect ${option} --markdown -->\n`;
    const [before, , after, ...more] = text.split(marker);
    expect(after, 'two markers').toBeDefined();
    expect(more).toEqual([]);
    const current = [before, `\n${describeTables()}\n\n`, after].join(marker);
    if (process.env.ACCEPT === '1') writeFileSync(page, current);
    else expect(text).toBe(current);
  });
});
