import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { readCheckpoint } from '../../training/run/checkpointFile.js';

const bin = fileURLToPath(new URL('../../bin/espalier.js', import.meta.url));

/** Arguments of a training whose loss is no number after a few steps. */
export const DIVERGING = Object.entries({
  epochs: 200,
  optimizer: 'sgd',
  learningRate: 10,
  referenceBatch: 1,
  warmupSteps: 0,
  clipNorm: null,
  evaluateEvery: 1000,
}).flatMap(([key, value]) => ['--set', `train.${key}=${value}`]);

/** Starts a training and asks it to end, twice, as terminals and npx do, once its log holds a step. */
function interrupt(args: readonly string[], out: string, signal: NodeJS.Signals) {
  const child = spawn(process.execPath, [bin, 'train', ...args, '--out', out], { stdio: ['ignore', 'ignore', 'pipe'] });
  let err = '';
  child.stderr.on('data', (text) => {
    err += text;
  });
  const log = join(out, 'events.jsonl');
  const watch = setInterval(() => {
    if (!existsSync(log) || !readFileSync(log, 'utf8').includes('"event":"step"')) return;
    clearInterval(watch);
    child.kill(signal);
    child.kill(signal);
  }, 20);
  return new Promise<{ status: number | null; killed: string | null; err: string }>((resolve) => {
    child.on('close', (status, killed) => {
      clearInterval(watch);
      resolve({ status, killed, err });
    });
  });
}

/** A training that gets a signal stops after the running step with a checkpoint, says so, and ends with status 1. */
export async function expectCheckpoints(
  args: readonly string[],
  folder: string,
  signals: readonly NodeJS.Signals[],
): Promise<void> {
  const ends = await Promise.all(signals.map((signal) => interrupt(args, join(folder, signal), signal)));
  ends.forEach(({ status, killed, err }, i) => {
    const signal = signals[i] as string;
    expect({ status, killed }, `${signal}: ${err}`).toEqual({ status: 1, killed: null });
    const step = Number(/stopped after step (\d+): continue with espalier train .* --resume/.exec(err)?.[1]);
    expect(step, signal).toBeGreaterThan(0);
    expect(readCheckpoint(join(folder, signal, 'checkpoints/last.safetensors')).metadata.step, signal).toBe(step);
  });
}
