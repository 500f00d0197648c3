import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { hasGraphs } from '../../../engine/compile.js';
import { EngineError } from '../../../engine/errors.js';
import type { RunEvent } from '../../../training/run/events.js';
import { trainRun } from '../../../training/run/train.js';
import { createTinyLoader, createTinyModel, tinyRun } from './tinyRun.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-memory-'));
});
afterEach(() => {
  tf.disposeVariables();
  rmSync(folder, { recursive: true, force: true });
});

const out = (): string => join(folder, 'run');
const events = (): RunEvent[] =>
  readFileSync(join(out(), 'events.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
const memoryEvents = () => events().flatMap((event) => (event.event === 'memory' ? [event] : []));

describe('memory of a run', () => {
  test('peak and live tensors are logged after every evaluation and at the end, and do not grow', async () => {
    const result = await trainRun(tinyRun(out(), createTinyModel()));
    const measured = memoryEvents().flatMap((event) => (event.kind === 'measured' ? [event] : []));
    expect(measured.map(({ step }) => step)).toEqual([5, 10, 15, 20, 20]);
    expect(new Set(measured.slice(1, 4).map(({ tensors }) => tensors)).size).toBe(1);
    for (const { peakBytes } of measured) expect(peakBytes).toBeGreaterThan(process.memoryUsage.rss() / 4);
    expect(result.memory).toEqual({ peakBytes: measured.at(-1)?.peakBytes, tensors: measured.at(-1)?.tensors });
    expect(JSON.parse(readFileSync(result.folder.results, 'utf8')).memory).toEqual(result.memory);
  });

  test('threads are in the first event and in the results', async () => {
    const threads = { threads: 3, interOpThreads: 2 };
    const result = await trainRun(tinyRun(out(), createTinyModel(), { threads }));
    expect(events()[0]).toMatchObject({ event: 'start', threads });
    expect(JSON.parse(readFileSync(result.folder.results, 'utf8'))).toMatchObject({ threads });
  });

  test.skipIf(!hasGraphs())('is estimated before the first step, with the one trace that the steps use', async () => {
    const model = createTinyModel();
    const forward = vi.fn(model.forward);
    await trainRun(tinyRun(out(), { ...model, forward }));
    expect(forward).toHaveBeenCalledTimes(1);
    const [first] = memoryEvents();
    expect(first).toMatchObject({ step: 0, kind: 'estimate' });
    const { neededBytes, availableBytes } = first as { neededBytes: number; availableBytes: number };
    expect(neededBytes).toBeGreaterThan(0);
    expect(neededBytes).toBeLessThan(availableBytes);
    expect(events()[1]).toMatchObject({ event: 'memory' });
  });

  test.skipIf(!hasGraphs())(
    'that does not suffice ends the run before its first step, and leaves no tensor',
    async () => {
      const model = createTinyModel();
      const loader = createTinyLoader();
      const before = tf.memory().numTensors;
      const run = trainRun(tinyRun(out(), model, { loader, availableBytes: 1000 }));
      const error = await run.catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(EngineError);
      expect((error as EngineError).exitCode).toBe(1);
      expect((error as EngineError).message).toMatch(
        /^a step of batch 4 needs \d+\.\d GiB more, 0\.0 GiB are free: not even a batch of 1 fits: [^.]*$/,
      );
      expect(events().some(({ event }) => event === 'step')).toBe(false);
      expect(loader.open()).toBe(0);
      expect(tf.memory().numTensors).toBe(before);
    },
  );
});

describe('the leak guard', () => {
  test('names the op of tensors that stay alive after every step', async () => {
    const loader = createTinyLoader();
    const leaking = {
      ...loader,
      batches: async function* (epoch: number, fromStep: number) {
        for await (const batch of loader.batches(epoch, fromStep)) {
          tf.square(tf.scalar(epoch));
          yield batch;
        }
      },
    };
    const run = tinyRun(out(), createTinyModel(), { loader: leaking, checkLeaks: true });
    await expect(trainRun(run)).rejects.toThrow(/tensors more stay alive after each step, made: .*square/i);
  });

  test('lets a run that frees its tensors pass, with the same weights', async () => {
    const plain = await trainRun(tinyRun(join(folder, 'plain'), createTinyModel()));
    const watched = await trainRun(tinyRun(out(), createTinyModel(), { checkLeaks: true }));
    expect(watched.latest).toEqual(plain.latest);
  });
});
