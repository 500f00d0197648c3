import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { encodePng } from '../../datasets/decode/index.js';
import { createRandom } from '../../engine/random.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Inside the package, so that `espalier` means this repository's build. */
const built = join(root, '.espalier/examples/custom');
const work = mkdtempSync(join(tmpdir(), 'espalier-custom-'));

beforeAll(async () => {
  await build({
    absWorkingDir: root,
    entryPoints: ['twoStream', 'layers', 'features'].map((name) => `examples/custom/${name}.ts`),
    outdir: built,
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    outExtension: { '.js': '.mjs' },
  });
});
afterAll(() => {
  rmSync(work, { recursive: true, force: true });
  rmSync(built, { recursive: true, force: true });
});

function run(name: string, ...args: readonly string[]): readonly string[] {
  const found = spawnSync(process.execPath, [join(built, `${name}.mjs`), ...args], { cwd: work, encoding: 'utf8' });
  if (found.status !== 0) throw new Error(`${name}: ${found.stdout}${found.stderr}`);
  return found.stdout.trim().split('\n');
}

it.each(['examples', 'examples/tsconfig.browser.json'])('%s compiles under the strict settings', (project) => {
  const compiler = join(root, 'node_modules/@typescript/native/bin/tsc');
  const { stdout } = spawnSync(process.execPath, [compiler, '-p', project], { cwd: root, encoding: 'utf8' });
  expect(stdout).toBe('');
});

it('two streams with an own head, loss and loop end alike when they are stopped and continued', () => {
  const whole = run('twoStream', 'whole.safetensors', '2');
  const parts = [...run('twoStream', 'parts.safetensors', '1'), ...run('twoStream', 'parts.safetensors', '2')];
  expect(whole.map((line) => line.replace(/[\d.]+$/, ''))).toEqual([1, 2].map((step) => `step ${step}: off by `));
  expect(new Set(whole).size).toBe(2);
  expect(parts).toEqual(whole);
});

it('a backbone is a layer of a model of TensorFlow.js', () => {
  expect(run('layers').map((line) => line.replace(/[\d.]+$/, ''))).toEqual(
    [1, 2, 3].map((epoch) => `epoch ${epoch}: off by `),
  );
});

it('features of a backbone tell classes apart in a logistic regression', () => {
  for (const [k, name] of ['dark', 'striped'].entries()) {
    mkdirSync(join(work, 'photos', name), { recursive: true });
    for (let i = 0; i < 3; i++) {
      const random = createRandom([k, i]);
      const data = Uint8Array.from(
        { length: 64 * 64 * 3 },
        (_, at) => random.integer(40) + k * (at % 24 > 12 ? 180 : 0),
      );
      writeFileSync(join(work, `photos/${name}/${i}.png`), encodePng({ data, width: 64, height: 64 }));
    }
  }
  // a fifth is held out
  expect(run('features', 'photos', 'random')).toEqual(['5 of 5 images of dark, striped are told by their features']);
});
