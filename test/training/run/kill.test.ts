import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readCheckpoint } from '../../../training/run/checkpointFile.js';

const here = dirname(fileURLToPath(import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'espalier-kill-'));
/** Inside the package, so that its dependencies are found. */
const script = join(here, '../../../dist', `.killedRun-${process.pid}.mjs`);

beforeAll(() => {
  const entryPoints = [join(here, 'killedRun.ts')];
  buildSync({ entryPoints, outfile: script, bundle: true, platform: 'node', format: 'esm', packages: 'external' });
});
afterAll(() => {
  rmSync(script, { force: true });
  rmSync(folder, { recursive: true, force: true });
});

function train(name: string, resume: boolean, killAfter: number) {
  const run = spawnSync(process.execPath, [script, join(folder, name), resume ? '1' : '0', String(killAfter)], {
    encoding: 'utf8',
  });
  return { signal: run.signal, stdout: run.stdout, stderr: run.stderr };
}

const last = (name: string): string => join(folder, name, 'checkpoints', 'last.safetensors');
const steps = (name: string): unknown[] =>
  readFileSync(join(folder, name, 'events.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter(({ event }) => event === 'step')
    .map(({ step, losses, learningRate }) => ({ step, losses, learningRate }));

test('a process with stochastic depth killed twice and resumed ends with the weights of an undisturbed one, bit for bit', () => {
  expect(train('whole', false, 0)).toMatchObject({ signal: null, stdout: 'done 20\n' });
  expect(train('killed', false, 2).signal).toBe('SIGKILL'); // before the first checkpoint
  expect(existsSync(last('killed'))).toBe(false);
  expect(train('killed', true, 9).signal).toBe('SIGKILL'); // in the middle of an epoch, between two checkpoints
  expect(readCheckpoint(last('killed')).metadata.step).toBe(6);
  expect(train('killed', true, 8).signal).toBe('SIGKILL');
  expect(train('killed', true, 0)).toMatchObject({ signal: null, stdout: 'done 20\n' });
  const [whole, killed] = [readCheckpoint(last('whole')), readCheckpoint(last('killed'))];
  expect([...killed.tensors.keys()]).toEqual([...whole.tensors.keys()]);
  for (const [name, { data }] of whole.tensors) {
    const other = killed.tensors.get(name)?.data as Float32Array;
    expect(new Uint8Array(other.buffer), name).toEqual(new Uint8Array(data.buffer));
  }
  expect(killed.metadata.best).toEqual(whole.metadata.best);
  expect(steps('killed')).toEqual(steps('whole'));
  expect(readdirSync(join(folder, 'killed', 'checkpoints')).sort()).toEqual(['best.safetensors', 'last.safetensors']);
});
