import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { hasGraphs } from '../../../engine/compile.js';
import { EngineError } from '../../../engine/errors.js';
import type { RunEvent } from '../../../training/run/events.js';
import { trainRun } from '../../../training/run/train.js';
import { createTinyLoader, createTinyModel, tinyLayout, tinyRun } from './tinyRun.js';

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

  test('is estimated before the first batch, where there are graphs with the one trace that the steps use', async () => {
    const model = createTinyModel();
    const forward = vi.fn(model.forward);
    await trainRun(tinyRun(out(), { ...model, forward }));
    expect(forward).toHaveBeenCalledTimes(hasGraphs() ? 1 : 21);
    const [first] = memoryEvents();
    expect(first).toMatchObject({ step: 0, kind: 'estimate' });
    const { neededBytes, availableBytes } = first as { neededBytes: number; availableBytes: number };
    expect(neededBytes).toBeGreaterThan(0);
    expect(neededBytes).toBeLessThan(availableBytes);
    expect(events()[1]).toMatchObject({ event: 'memory' });
  });

  /** A run of batches of this many, that no batch is asked of. */
  function unasked(batch: number, side: number, room: { availableBytes: number }) {
    const model = createTinyModel();
    const loader = createTinyLoader();
    const layout = async () => tinyLayout([batch, side, side, 3]);
    const batches = () => {
      throw new Error('a batch was asked for');
    };
    return trainRun(tinyRun(out(), model, { loader: { ...loader, layout, batches }, ...room }));
  }

  test('that does not suffice ends the run before its first batch; nothing is left, in memory and on the disk', async () => {
    const before = tf.memory().numTensors;
    const error = await unasked(4, 4, { availableBytes: 1000 }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(EngineError);
    expect((error as EngineError).exitCode).toBe(1);
    expect((error as EngineError).message).toMatch(
      /^a step of batch 4 needs \d+\.\d GiB more, 0\.0 GiB are free: not even a batch of 1 fits: [^.]*$/,
    );
    tf.disposeVariables();
    expect(tf.memory().numTensors).toBe(before);
    expect(existsSync(out())).toBe(false);
  });

  test('names a batch that fits, of a batch whose images alone would take terabytes', async () => {
    const room = { availableBytes: 2 ** 28 };
    const refusal = await unasked(2 ** 30, 64, room).catch(({ message }: Error) => message);
    const fits = Number(/^a step of batch 1073741824 needs .* GiB are free: batch (\d+) fits$/.exec(`${refusal}`)?.[1]);
    expect(fits).toBeGreaterThan(1);
    await expect(unasked(fits, 64, room)).rejects.toThrow('a batch was asked for');
    rmSync(out(), { recursive: true });
    await expect(unasked(fits + 1, 64, room)).rejects.toThrow(`batch ${fits} fits`);
  });

  test('names a smaller input where not even one image fits', async () => {
    const room = { availableBytes: 2 ** 28 };
    const refusal = await unasked(2, 2048, room).catch(({ message }: Error) => message);
    const side = Number(/batch of 1 fits: with an input of (\d+) x \1 pixels it does$/.exec(`${refusal}`)?.[1]);
    expect(side % 32).toBe(0);
    await expect(unasked(1, side, room)).rejects.toThrow('a batch was asked for');
  });
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
