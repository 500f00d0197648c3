import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** What a process of its own left behind. */
export interface Ended {
  readonly status: number | null;
  readonly signal: string | null;
  readonly out: string;
  readonly err: string;
}

/**
 * Runs a module of the tests in a process of its own, against the built library: nothing but what it starts keeps that process alive.
 *
 * @param file beside the caller
 * @param args after a folder of its own, which is removed at the end
 */
export async function runModule(file: string, args: readonly string[]): Promise<Ended> {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-process-'));
  const outfile = join(root, 'dist', `.${relative(root, file).replace(/\W+/g, '-')}-${process.pid}.mjs`);
  const builtLibrary = {
    name: 'built-library',
    setup: ({ onResolve }: Parameters<NonNullable<Parameters<typeof build>[0]['plugins']>[0]['setup']>[0]) =>
      onResolve({ filter: /^\.\.?\// }, ({ path, resolveDir }) => {
        const place = relative(root, join(resolveDir, path));
        return place.startsWith('test/') ? undefined : { path: join(root, 'dist', place), external: true };
      }),
  };
  try {
    const shape = { bundle: true, platform: 'node', format: 'esm', packages: 'external' } as const;
    await build({ ...shape, entryPoints: [file], outfile, plugins: [builtLibrary], logLevel: 'error' });
    const options = { encoding: 'utf8', timeout: 300_000 } as const;
    const { status, signal, stdout, stderr } = spawnSync(process.execPath, [outfile, folder, ...args], options);
    return { status, signal, out: stdout, err: stderr };
  } finally {
    rmSync(outfile, { force: true });
    rmSync(folder, { recursive: true, force: true });
  }
}
