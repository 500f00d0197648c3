import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { findLibrary } from '../../../engine/tensorflow/runtime/library.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');
/** Inside the package, so that `espalier` means this repository's build. */
const folder = join(root, '.espalier', 'examples');

describe.skipIf(findLibrary() === null)('examples/compile.ts', () => {
  it('trains on with its one line where the plain loop stopped', async () => {
    mkdirSync(folder, { recursive: true });
    const outfile = join(folder, 'compile.mjs');
    await build({ entryPoints: [join(root, 'examples/compile.ts')], outfile, format: 'esm', logLevel: 'error' });
    const { stdout, stderr, status } = spawnSync(process.execPath, [outfile], { cwd: root, encoding: 'utf8' });
    expect(status, stderr).toBe(0);
    const [, plain, compiled] = /^plain: .* loss ([\d.]+)\ncompiled: .* loss ([\d.]+)\n$/.exec(stdout) ?? [];
    expect(Number(plain), stdout).toBeLessThan(Math.log(10));
    expect(Number(compiled), stdout).toBeLessThan(Number(plain));
  });
});
