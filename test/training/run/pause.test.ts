import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CONTROLS } from '../../../tools/dashboard/controls.js';
import { describeRun } from '../../../tools/dashboard/runs.js';
import { readCheckpoint } from '../../../training/run/checkpointFile.js';
import { runFolder } from '../../../training/run/folder.js';
import { askToPause } from '../../../training/run/pause.js';
import type { Progress } from '../../../training/run/progress.js';
import type { TrainRun } from '../../../training/run/session.js';
import { trainRun } from '../../../training/run/train.js';
import { createTinyLoader, createTinyModel, silent, tinyRun } from './tinyRun.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-pause-'));
});
afterEach(() => {
  tf.disposeVariables();
  rmSync(folder, { recursive: true, force: true });
});

const out = (name: string): string => join(folder, name);
const tensorsOf = (file: string) =>
  Object.fromEntries([...readCheckpoint(file).tensors].map(([name, { data }]) => [name, Array.from(data, Number)]));
const eventsOf = (name: string): readonly { readonly event: string; readonly step: number }[] =>
  readFileSync(runFolder(out(name)).events, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

/** Asks for a pause while step 6 runs, and does something once it is there. */
function pausedRun(name: string, whilePaused: () => void): Partial<TrainRun> {
  const loader = createTinyLoader();
  let given = 0;
  const progress: Progress = {
    ...silent,
    note: (line) => line.startsWith('paused after step') && setTimeout(whilePaused, 50),
  };
  return {
    progress,
    loader: {
      ...loader,
      batches: async function* (epoch, fromStep) {
        for await (const batch of loader.batches(epoch, fromStep)) {
          if (++given === 7) expect(CONTROLS.pause(out(name))).toContain('asked: it writes a checkpoint');
          yield batch;
        }
      },
    },
  };
}

test('a paused run has written a checkpoint, goes on when asked, and ends as one that was not paused', async () => {
  const whole = await trainRun(tinyRun(out('whole'), createTinyModel()));
  const seen: unknown[] = [];
  const paused = await trainRun(
    tinyRun(
      out('run'),
      createTinyModel(),
      pausedRun('run', () => {
        seen.push(describeRun('run', out('run')).state, readCheckpoint(runFolder(out('run')).last).metadata.step);
        seen.push(CONTROLS.pause(out('run')), CONTROLS.resume(out('run')), CONTROLS.resume(out('run')));
      }),
    ),
  );
  expect(seen).toEqual(['paused', 6, 'it was asked to pause already', 'asked: it goes on', 'it is not paused']);
  expect(paused).toMatchObject({ reason: 'done', best: whole.best });
  expect(tensorsOf(paused.folder.last)).toEqual(tensorsOf(whole.folder.last));
  const pauses = eventsOf('run').filter(({ event }) => event === 'pause' || event === 'continue');
  expect(pauses.map(({ event, step }) => `${event} ${step}`)).toEqual(['pause 6', 'continue 6']);
  expect(describeRun('run', out('run')).state).toBe('done');
});

test('a paused run can be stopped, and a resumed one does not wait again', async () => {
  const whole = await trainRun(tinyRun(out('whole'), createTinyModel()));
  const controller = new AbortController();
  const changes = pausedRun('run', () => controller.abort());
  const first = await trainRun(tinyRun(out('run'), createTinyModel(), { ...changes, signal: controller.signal }));
  expect(first).toMatchObject({ reason: 'interrupted', step: 6 });
  askToPause(runFolder(out('run')));
  expect(CONTROLS.pause(out('run'))).toBe('nobody trains in this run');
  expect(CONTROLS.resume(out('run'))).toBe('nobody trains in this run');
  const second = await trainRun(tinyRun(out('run'), createTinyModel({ seed: 5 }), { resume: true }));
  expect(tensorsOf(second.folder.last)).toEqual(tensorsOf(whole.folder.last));
  expect(existsSync(runFolder(out('run')).pause)).toBe(false);
});
