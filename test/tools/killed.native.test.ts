import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { drawCells } from '../../datasets/index.js';
import { readCheckpoint } from '../../training/run/checkpointFile.js';

const bin = fileURLToPath(new URL('../../bin/espalier.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'espalier-killed-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Trains; kills the process with SIGKILL once its log holds `killAt` steps (0: never). Resolves to the signal or status. */
function train(out: string, killAt: number, extra: readonly string[] = []): Promise<string | number | null> {
  const args = [
    bin,
    'train',
    join(folder, 'cells.yaml'),
    '--out',
    out,
    '--no-plots',
    '--engine',
    'tensorflow',
    ...extra,
  ];
  const child = spawn(process.execPath, args, { stdio: 'ignore' });
  const log = join(out, 'events.jsonl');
  const watch = setInterval(() => {
    if (killAt === 0 || !existsSync(log)) return;
    const steps = readFileSync(log, 'utf8').split('"event":"step"').length - 1;
    if (steps >= killAt) child.kill('SIGKILL');
  }, 20);
  return new Promise((resolve) => {
    child.on('close', (status, signal) => {
      clearInterval(watch);
      resolve(signal ?? status);
    });
  });
}

it('a detector with stochastic depth killed in training and resumed has the weights of an undisturbed run, bit for bit', {
  timeout: 400_000,
}, async () => {
  const { root } = await drawCells({ out: join(folder, 'cells'), images: 12, seed: 3 });
  const config = `task: detection
data: { kind: coco, root: ${root}, images: images, train: annotations/train.json, val: null }
model: { preset: efficientdet-lite0, inputSize: [64, 64], neckChannels: 16, neckRepeats: 1, dropPath: 0.2 }
train: { epochs: 10, batchSize: 4, warmupSteps: 2, checkpointEvery: 3, workers: 1, seed: 4 }
`;
  writeFileSync(join(folder, 'cells.yaml'), config);
  const [whole, killed] = [join(folder, 'whole'), join(folder, 'killed')];
  expect(await train(whole, 0)).toBe(0);
  expect(await train(killed, 8)).toBe('SIGKILL');
  expect(await train(killed, 0, ['--resume'])).toBe(0);
  const last = (run: string) => readCheckpoint(join(run, 'checkpoints', 'last.safetensors'));
  const [expected, found] = [last(whole), last(killed)];
  expect(found.metadata.step).toBe(expected.metadata.step);
  expect([...found.tensors.keys()]).toEqual([...expected.tensors.keys()]);
  for (const [name, { data }] of expected.tensors) {
    const other = found.tensors.get(name)?.data as Float32Array;
    expect(Buffer.compare(Buffer.from(other.buffer), Buffer.from(data.buffer)), name).toBe(0);
  }
});
