import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drawCells } from '../../datasets/index.js';
import { readCheckpoint } from '../../training/run/checkpointFile.js';
import { runModule } from '../process.js';
import { expectRefusal, runProgram } from './program.js';

const bin = fileURLToPath(new URL('../../bin/espalier.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'espalier-ends-'));
const config = join(folder, 'cells.yaml');
const run = join(folder, 'run');
const image = join(folder, 'cells/images/0000.png');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A line of a shell; `espalier` is the built program. The status is that of the first command of a pipe. */
function shell(line: string): { status: number | null; out: string; err: string } {
  const program = `set -o pipefail; espalier() { "${process.execPath}" "${bin}" "$@"; }; ${line}`;
  const { status, stdout, stderr } = spawnSync('bash', ['-c', program], { cwd: folder, encoding: 'utf8' });
  return { status, out: stdout, err: stderr };
}

beforeAll(async () => {
  const { root } = await drawCells({ out: join(folder, 'cells'), images: 5, seed: 3 });
  const text = `task: detection
data: { kind: coco, root: ${root}, images: images, train: annotations/train.json, val: annotations/val.json }
model: { preset: efficientdet-lite0, inputSize: [64, 64], neckChannels: 16, neckRepeats: 1 }
train: { epochs: 1, batchSize: 2, workers: 1 }
engine: wasm
`;
  writeFileSync(config, text);
});

describe.skipIf(process.platform !== 'linux')('words that nobody reads', () => {
  it('do not end a training whose reader left after the first line', () => {
    const { status, out } = shell(`espalier train cells.yaml --out ${run} 2>&1 | head -1`);
    expect({ status, out }).toEqual({ status: 0, out: 'engine: wasm (WebAssembly, one thread)\n' });
    expect(existsSync(join(run, 'results.json'))).toBe(true);
  });

  it('of a training are lost where the disk is full; its result is missed in one sentence at the end', () => {
    const { status, err } = shell(`espalier train cells.yaml --no-plots --out full 2>/dev/full >/dev/full`);
    expect({ status, err }).toEqual({ status: 1, err: '' });
    expect(existsSync(join(folder, 'full/results.json'))).toBe(true);
  });

  it('of an evaluation and a prediction neither', () => {
    const evaluated = shell(`espalier evaluate ${run} --engine wasm 2>/dev/full`);
    expect(evaluated.status).toBe(0);
    expect(evaluated.out).toMatch(/^ +AP +AP50/);
    const unwritten = shell(`espalier evaluate ${run} --engine wasm >/dev/full`);
    expect(unwritten.status).toBe(1);
    expect(unwritten.err).toMatch(/^espalier: standard output: the disk is full$/m);
    const unread = shell(`espalier predict ${run} ${image} ${image} --engine wasm 2>/dev/null | true`);
    expect(unread.status).toBe(0);
  });
});

it('an error in a step is one sentence and status 1, with a thread that loads data', () => {
  const train = { epochs: 200, optimizer: 'sgd', learningRate: 10, referenceBatch: 1, warmupSteps: 0, clipNorm: null };
  const wild = Object.entries(train).flatMap(([key, value]) => ['--set', `train.${key}=${value}`]);
  expectRefusal(runProgram(folder, ['train', config, '--out', 'wild', ...wild]), 1, /step \d+: .* is (NaN|-?Infinity)/);
});

it.skipIf(process.platform === 'win32')(
  'Ctrl-C stops a training with a checkpoint, in one sentence and with status 1',
  async () => {
    const out = join(folder, 'stopped');
    const long = ['epochs=10000', 'evaluateEvery=10000', 'minutes=20'].flatMap((set) => ['--set', `train.${set}`]);
    const child = spawn(process.execPath, [bin, 'train', config, ...long, '--no-plots', '--out', out], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let err = '';
    child.stderr.on('data', (text) => {
      const isStepping = /step 1\//.test(err);
      err += text;
      if (!isStepping && /step 1\//.test(err)) child.kill('SIGINT');
    });
    const [status, signal] = await once(child, 'close');
    expect({ status, signal }, err).toEqual({ status: 1, signal: null });
    const step = Number(/stopped after step (\d+): continue with espalier train .* --resume/.exec(err)?.[1]);
    expect(readCheckpoint(join(out, 'checkpoints/last.safetensors')).metadata.step).toBe(step);
  },
);

describe('what no command sees', () => {
  it.each([
    ['throws', 'SyntaxError'],
    ['rejects', 'boom'],
    ['thread', 'boom'],
    ['waits', 'nothing is left to wait for, but the command has not ended'],
  ])('is one line and status 1 where a callback, a promise or a thread %s', async (way, message) => {
    const file = fileURLToPath(new URL('./deadEnds.ts', import.meta.url));
    const { status, err } = await runModule(file, [way]);
    expect(status).toBe(1);
    expect(err).toMatch(new RegExp(`^espalier: unexpected error: .*${message === 'SyntaxError' ? 'JSON' : message}`));
    expect(err.trimEnd().split('\n')).toHaveLength(1);
  });
});
