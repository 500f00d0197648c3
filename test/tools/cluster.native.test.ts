import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { drawCells } from '../../datasets/index.js';

const program = fileURLToPath(new URL('../../bin/espalier.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'espalier-together-'));
const children = new Set<ChildProcess>();
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

interface Outcome {
  readonly status: number | null;
  readonly stderr: string;
}

function train(out: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  const all = [
    program,
    'train',
    join(folder, 'cells.yaml'),
    '--out',
    join(folder, out),
    '--no-plots',
    '--threads',
    '1',
    ...args,
  ];
  const child = spawn(process.execPath, all, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...environment },
  });
  children.add(child);
  let stderr = '';
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  return new Promise((resolve) => {
    child.on('close', (status) => {
      children.delete(child);
      resolve({ status, stderr });
    });
  });
}

async function freeAddress(): Promise<string> {
  const server = createServer();
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
  });
  await new Promise((resolve) => server.close(resolve));
  return `127.0.0.1:${port}`;
}

const losses = (out: string): number[] =>
  readFileSync(join(folder, out, 'events.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
    .flatMap(({ event, losses }) => (event === 'step' ? [losses.total] : []));

it('a detector trained by --cluster and by TF_CONFIG starts with the loss of one process; one of them writes', {
  timeout: 400_000,
}, async () => {
  const { root } = await drawCells({ out: join(folder, 'cells'), images: 12, seed: 3 });
  const config = `task: detection
data: { kind: coco, root: ${root}, images: images, train: annotations/train.json, val: null }
model: { preset: efficientdet-lite0, inputSize: [64, 64], neckChannels: 16, neckRepeats: 1 }
train: { epochs: 1, batchSize: 4, warmupSteps: 1, workers: 1, syncNorm: true, optimizer: sgd, learningRate: 0.01, seed: 4 }
`;
  writeFileSync(join(folder, 'cells.yaml'), config);
  const worker = [await freeAddress(), await freeAddress()];
  const launched = JSON.stringify({ cluster: { worker }, task: { type: 'worker', index: 1 } });
  const [first, second] = await Promise.all([
    train('both', ['--cluster', worker.join(), '--task', '0']),
    train('second', [], { TF_CONFIG: launched }),
  ]);
  expect(first.status, first.stderr).toBe(0);
  expect(second.status, second.stderr).toBe(0);
  expect(first.stderr).toContain('whoever reaches port');
  expect(existsSync(join(folder, 'second'))).toBe(false);
  expect((await train('alone', [])).status).toBe(0);
  const [both, alone] = [losses('both'), losses('alone')];
  expect(both.length).toBe(alone.length);
  // The first step alone: the last maps of 64 pixels are one cell, batch norm over four values multiplies rounding, and
  // one process with another number of threads differs as much from then on.
  expect(Math.abs((both[0] as number) - (alone[0] as number))).toBeLessThan(1e-4 * (alone[0] as number));
});

it('a cluster without the engine for it, or of no addresses, is one sentence', async () => {
  const wasm = await train('wasm', ['--engine', 'wasm', '--cluster', 'localhost:2222,localhost:2223', '--task', '0']);
  expect(wasm).toMatchObject({ status: 1, stderr: expect.stringContaining('the wasm engine computes alone') });
  const wrong = await train('wrong', ['--cluster', 'localhost', '--task', '0']);
  expect(wrong).toMatchObject({ status: 2, stderr: expect.stringContaining('"localhost" is no address') });
});
