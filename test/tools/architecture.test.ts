import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const cruiser = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');

interface Cruise {
  readonly summary: {
    readonly totalCruised: number;
    readonly violations: readonly { readonly rule: { readonly name: string }; readonly from: string }[];
  };
}

function cruise(folder: string, paths: readonly string[]): Cruise['summary'] {
  const args = [cruiser, '--config', join(root, '.dependency-cruiser.cjs'), '--output-type', 'json', ...paths];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (!stdout) throw new Error(stderr);
  return (JSON.parse(stdout) as Cruise).summary;
}

describe('the rules', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'espalier-arrow-'));
    writeFileSync(join(folder, 'tsconfig.json'), '{ "compilerOptions": { "module": "nodenext" } }');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** Names of the rules that files, given as path -> text, break. */
  function broken(files: { readonly [path: string]: string }): string[] {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const folders = [...new Set(Object.keys(files).map((path) => path.split('/')[0] as string))];
    const { totalCruised, violations } = cruise(folder, folders);
    expect(totalCruised).toBeGreaterThanOrEqual(Object.keys(files).length);
    return [...new Set(violations.map(({ rule }) => rule.name))].sort();
  }

  const value = 'export const value = 1;\n';

  it('allow the arrow forwards', () => {
    const files = {
      'necks/a.ts': value,
      'heads/b.ts': "import { value } from '../necks/a.js';\nexport const b = value;\n",
    };
    expect(broken(files)).toEqual([]);
  });

  it('refuse the arrow backwards', () => {
    const files = {
      'heads/a.ts': value,
      'necks/b.ts': "import { value } from '../heads/a.js';\nexport const b = value;\n",
    };
    expect(broken(files)).toEqual(['arrow-necks']);
  });

  it('refuse Node in what runs in a browser, and allow it elsewhere', () => {
    const text = "import { existsSync } from 'node:fs';\nexport const b = existsSync;\n";
    expect(broken({ 'heads/b.ts': text })).toEqual(['portable-without-node']);
    rmSync(join(folder, 'heads'), { recursive: true });
    expect(broken({ 'training/run/b.ts': text, 'datasets/b.ts': text, 'engine/tensorflow/b.ts': text })).toEqual([]);
  });

  it('refuse a cycle', () => {
    const files = {
      'necks/a.ts': "import { b } from './b.js';\nexport const a = () => b;\n",
      'necks/b.ts': "import { a } from './a.js';\nexport const b = () => a;\n",
    };
    expect(broken(files)).toEqual(['no-cycles']);
  });

  it('refuse a tensor in a data set', () => {
    const files = {
      'backbones/a.ts': value,
      'datasets/b.ts': "import { value } from '../backbones/a.js';\nexport const b = value;\n",
    };
    expect(broken(files)).toEqual(['datasets-stand-alone']);
  });
});

describe('the tree', () => {
  it('keeps the rules', () => {
    const folders = [
      'backbones',
      'necks',
      'heads',
      'datasets',
      'training',
      'deploy',
      'engine',
      'configs',
      'tools',
      'coco-ts/src',
    ];
    const { totalCruised, violations } = cruise(root, folders);
    expect(totalCruised).toBeGreaterThan(200);
    expect(violations.map(({ rule, from }) => `${rule.name}: ${from}`)).toEqual([]);
  });
});
