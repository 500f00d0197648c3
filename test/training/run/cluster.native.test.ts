import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findLibrary } from '../../../engine/tensorflow/runtime/library.js';
import { readCheckpoint } from '../../../training/run/checkpointFile.js';
import { runFolder } from '../../../training/run/folder.js';
import type { ClusteredRun } from './clusteredRun.js';

const here = dirname(fileURLToPath(import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'espalier-cluster-'));
/** Inside the package, so that its dependencies are found. */
const script = join(here, '../../../dist', `.clusteredRun-${process.pid}.mjs`);
const children = new Set<ChildProcess>();

beforeAll(() => {
  const entryPoints = [join(here, 'clusteredRun.ts')];
  const external = ['#tfjs-node'];
  buildSync({
    entryPoints,
    outfile: script,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    external,
    ignoreAnnotations: true, // what package.json says of side effects is said of dist/
  });
});
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(script, { force: true });
  rmSync(folder, { recursive: true, force: true });
});

interface Outcome {
  readonly reason?: string;
  readonly step?: number;
  readonly evaluations?: number;
  readonly weights?: string;
  readonly error?: string;
  readonly signal?: string;
}

function start(told: ClusteredRun): Promise<Outcome> {
  const child = spawn(process.execPath, [script, JSON.stringify(told)], { stdio: ['ignore', 'pipe', 'pipe'] });
  children.add(child);
  let [out, err] = ['', ''];
  child.stdout.on('data', (data) => {
    out += data;
  });
  child.stderr.on('data', (data) => {
    err += data;
  });
  return new Promise((resolve) => {
    child.on('close', (_, signal) => {
      children.delete(child);
      resolve(signal ? { signal } : out === '' ? { error: `nothing but ${err}` } : (JSON.parse(out) as Outcome));
    });
  });
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map((server) => {
      return new Promise<number>((resolve) => {
        server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
      });
    }),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

const PLAIN: Omit<ClusteredRun, 'out' | 'task' | 'addresses'> = {
  norm: 'synced',
  resume: false,
  seed: 3,
  timeoutSeconds: 60,
  accumulate: 1,
  pauses: null,
  dies: null,
};

/** All processes of a run; `changes` of the last one apart. */
async function run(
  name: string,
  tasks: number,
  changes: Partial<ClusteredRun> = {},
  ofLast: Partial<ClusteredRun> = {},
): Promise<{ readonly addresses: readonly string[]; readonly outcomes: readonly Outcome[]; last(): Promise<Outcome> }> {
  const addresses = (await freePorts(tasks)).map((port) => `127.0.0.1:${port}`);
  const started = addresses.map((_, task) => {
    const own = task > 0 && task === tasks - 1 ? ofLast : {};
    return start({ ...PLAIN, out: join(folder, name), task, addresses, ...changes, ...own });
  });
  // A stopped process never ends: its outcome is waited for by those who expect one.
  const awaited = ofLast.dies?.signal === 'SIGSTOP' ? started.slice(0, -1) : started;
  return { addresses, outcomes: await Promise.all(awaited), last: () => started.at(-1) as Promise<Outcome> };
}

const checkpoint = (name: string) => readCheckpoint(join(folder, name, 'checkpoints', 'last.safetensors'));

/** Largest difference of any value of two checkpoints: weights, averages, optimizer state. */
function difference(first: string, second: string): number {
  const [a, b] = [checkpoint(first).tensors, checkpoint(second).tensors];
  expect([...a.keys()]).toEqual([...b.keys()]);
  let largest = 0;
  for (const [key, { data }] of a) {
    const other = b.get(key)?.data as Float32Array;
    (data as Float32Array).forEach((value, i) => {
      largest = Math.max(largest, Math.abs(value - (other[i] as number)));
    });
  }
  return largest;
}

/** 20 steps on one side and on the other: rounding alone, sums are taken in another order. */
const TOLERANCE = 1e-5;

describe.skipIf(findLibrary() === null)('training in several processes', { timeout: 300_000 }, () => {
  it.each(['frozen', 'synced'] as const)(
    'gives the weights of one process with the whole batch, batch norm %s',
    async (norm) => {
      const alone = await run(`${norm}-1`, 1, { norm });
      const both = await run(`${norm}-2`, 2, { norm });
      expect(alone.outcomes).toMatchObject([{ reason: 'done', step: 20, evaluations: 2 }]);
      expect(both.outcomes).toMatchObject([
        { reason: 'done', step: 20, evaluations: 2 },
        { reason: 'done', step: 20, evaluations: 0 },
      ]);
      expect(both.outcomes[1]?.weights).toBe(both.outcomes[0]?.weights);
      expect(difference(`${norm}-1`, `${norm}-2`)).toBeLessThan(TOLERANCE);
    },
  );

  it('computes its batches in parts, and says that it is not paused', async () => {
    const { outcomes } = await run('frozen-parts', 2, { norm: 'frozen', accumulate: 2 }, { pauses: 4 });
    expect(outcomes.map(({ reason, step }) => [reason, step])).toEqual(Array(2).fill(['done', 20]));
    expect(outcomes[1]?.weights).toBe(outcomes[0]?.weights);
    expect(difference('frozen-1', 'frozen-parts')).toBeLessThan(TOLERANCE);
    const { events, pause } = runFolder(join(folder, 'frozen-parts'));
    expect(
      readFileSync(events, 'utf8').match(/"a training in several processes is not paused: [^"]*--resume"/g),
    ).toHaveLength(1);
    expect(existsSync(pause)).toBe(false);
  });

  it('keeps equal weights everywhere with batch norm of each process, which one process cannot give', async () => {
    const { outcomes } = await run('own-2', 2, { norm: 'own' });
    expect(outcomes[1]?.weights).toBe(outcomes[0]?.weights);
    expect(difference('synced-1', 'own-2')).toBeGreaterThan(10 * TOLERANCE);
  });

  it('ends with the name of a peer that was killed and a checkpoint that another number of processes resumes', async () => {
    const dies = { signal: 'SIGKILL', batches: 8 } as const;
    const { addresses, outcomes } = await run('killed', 2, {}, { dies });
    expect(outcomes[1]).toEqual({ signal: 'SIGKILL' });
    expect(outcomes[0]?.error).toContain(`PeerError: task 1 (${addresses[1]}) has ended or cannot be reached`);
    const { step } = checkpoint('killed').metadata;
    expect(outcomes[0]?.error).toContain(`stopped after step ${step}`);
    expect(step).toBeGreaterThan(4);
    expect(step).toBeLessThan(9);
    expect((await run('killed', 1, { resume: true })).outcomes).toMatchObject([{ reason: 'done', step: 20 }]);
    expect(difference('synced-1', 'killed')).toBeLessThan(TOLERANCE);
  });

  it('stops everywhere after the same step when one process is interrupted, and four go on', async () => {
    const { outcomes } = await run('interrupted', 2, {}, { dies: { signal: 'SIGINT', batches: 6 } });
    expect(outcomes).toMatchObject([{ reason: 'interrupted' }, { reason: 'interrupted' }]);
    expect(outcomes[1]?.step).toBe(outcomes[0]?.step);
    expect(checkpoint('interrupted').metadata.step).toBe(outcomes[0]?.step);
    const four = await run('interrupted', 4, { resume: true });
    expect(four.outcomes.map(({ reason, step }) => [reason, step])).toEqual(Array(4).fill(['done', 20]));
    expect(difference('synced-1', 'interrupted')).toBeLessThan(TOLERANCE);
  });

  it('gives up a peer that hangs after the time that was given', async () => {
    const dies = { signal: 'SIGSTOP', batches: 8 } as const;
    const { addresses, outcomes } = await run('stopped', 2, { timeoutSeconds: 8 }, { dies });
    expect(outcomes[0]?.error).toContain(`PeerError: task 1 (${addresses[1]}) has not answered for 8 s`);
    expect(existsSync(join(folder, 'stopped', 'checkpoints', 'last.safetensors'))).toBe(true);
  });

  it('names a peer that does not start, and one that was started with something else', async () => {
    const [alone] = await Promise.all([
      start({ ...PLAIN, out: join(folder, 'lonely'), task: 0, addresses: await lonely(), timeoutSeconds: 2 }),
    ]);
    expect(alone?.error).toMatch(/PeerError: task 1 \(127\.0\.0\.1:\d+\) did not start within 2 s/);
    const { addresses, outcomes } = await run('other', 2, {}, { seed: 4 });
    for (const { error } of outcomes) {
      expect(error).toContain(`ConfigError: task 1 (${addresses[1]}) trains something else than task 0`);
    }
  });
});

const lonely = async (): Promise<string[]> => (await freePorts(2)).map((port) => `127.0.0.1:${port}`);
