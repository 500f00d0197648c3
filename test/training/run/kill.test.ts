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

interface Kill {
  /** Batches after which the process kills itself. */
  readonly after?: number;
  /** The write of a whole file in which it does. */
  readonly write?: number;
  /** Largest file the process may write, KiB. */
  readonly limit?: number;
}

function train(name: string, resume: boolean, { after = 0, write = 0, limit }: Kill = {}) {
  const args = [script, join(folder, name), resume ? '1' : '0', String(after), String(write)];
  const limited = ['-c', `ulimit -f ${limit}; exec "$0" "$@"`, process.execPath, ...args];
  const [program, given] = limit === undefined ? [process.execPath, args] : ['bash', limited];
  const { signal, status, stdout, stderr } = spawnSync(program, given, { encoding: 'utf8' });
  return { signal, status, stdout, stderr };
}

const files = (name: string): string[] => readdirSync(join(folder, name), { recursive: true, encoding: 'utf8' }).sort();
const last = (name: string): string => join(folder, name, 'checkpoints', 'last.safetensors');
const steps = (name: string): unknown[] =>
  readFileSync(join(folder, name, 'events.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter(({ event }) => event === 'step')
    .map(({ step, losses, learningRate }) => ({ step, losses, learningRate }));

/**
 * A run's last checkpoint and log are those of the run that was never disturbed.
 *
 * @param lost steps whose line may be missing, since there was no room for it. Defaults to none
 */
function expectSame(name: string, lost = 0): void {
  const [whole, other] = [readCheckpoint(last('whole')), readCheckpoint(last(name))];
  expect([...other.tensors.keys()]).toEqual([...whole.tensors.keys()]);
  for (const [key, { data }] of whole.tensors) {
    const found = other.tensors.get(key)?.data as Float32Array;
    expect(new Uint8Array(found.buffer), key).toEqual(new Uint8Array(data.buffer));
  }
  expect(other.metadata.best).toEqual(whole.metadata.best);
  const logged = new Set(steps(name).map((step) => JSON.stringify(step)));
  const all = steps('whole').map((step) => JSON.stringify(step));
  expect(all.filter((step) => !logged.has(step)).length).toBeLessThanOrEqual(lost);
  expect([...logged].filter((step) => !all.includes(step))).toEqual([]);
  expect(files(name)).toEqual(files('whole'));
}

test('a process with stochastic depth killed between and in the middle of writes, and resumed, ends with the weights of an undisturbed one, bit for bit, and leaves no other file', () => {
  expect(train('whole', false)).toMatchObject({ signal: null, stdout: 'done 20\n' });
  expect(train('killed', false, { write: 2 }).signal).toBe('SIGKILL'); // in its config
  expect(train('killed', true, { after: 2 }).signal).toBe('SIGKILL'); // before the first checkpoint
  expect(existsSync(last('killed'))).toBe(false);
  expect(train('killed', true, { after: 9 }).signal).toBe('SIGKILL'); // in the middle of an epoch, between two checkpoints
  expect(readCheckpoint(last('killed')).metadata.step).toBe(6);
  expect(train('killed', true, { write: 4 }).signal).toBe('SIGKILL'); // in a checkpoint
  expect(files('killed').filter((file) => /\.partial$|\.lock$/.test(file))).toHaveLength(2);
  expect(train('killed', true, { after: 8 }).signal).toBe('SIGKILL');
  expect(train('killed', true)).toMatchObject({ signal: null, stdout: 'done 20\n' });
  expectSame('killed');
});

test.skipIf(process.platform === 'win32')(
  'a disk without room for the log ends a run with one sentence; its checkpoint is whole and continues',
  () => {
    const { status, stdout, stderr } = train('full', false, { limit: 4 });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(
      /WriteError: cannot write .*events\.jsonl: a file of this size is not allowed here: raise the limit \(ulimit -f\); .*last\.safetensors is whole: continue with --resume$/m,
    );
    expect(files('full').filter((file) => /\.partial$|\.lock$/.test(file))).toEqual([]);
    expect(train('full', true)).toMatchObject({ signal: null, stdout: 'done 20\n' });
    expectSame('full', 1);
  },
);
