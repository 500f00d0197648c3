import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DataError } from '../../../engine/errors.js';
import type { LossTerm } from '../../../heads/losses/term.js';
import { loadCheckpoint } from '../../../training/run/checkpoint.js';
import { readCheckpoint } from '../../../training/run/checkpointFile.js';
import { chosenCheckpoint, holdRunFolder, runFolder } from '../../../training/run/folder.js';
import type { TrainRun } from '../../../training/run/session.js';
import { trainRun } from '../../../training/run/train.js';
import {
  createTinyLoader,
  createTinyModel,
  STEPS_PER_EPOCH,
  silent,
  snapshot,
  TINY_LABELS,
  TINY_OPTIONS,
  tinyRun,
} from './tinyRun.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-train-'));
});
afterEach(() => {
  tf.disposeVariables();
  rmSync(folder, { recursive: true, force: true });
});

const out = (name: string): string => join(folder, name);
const eventsOf = (name: string): { event: string; step: number; [key: string]: unknown }[] =>
  readFileSync(join(out(name), 'events.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

/** Stops after `steps` completed steps, as Ctrl-C would. */
function stopAfter(steps: number): Partial<TrainRun> {
  const controller = new AbortController();
  const loader = createTinyLoader();
  let given = 0;
  return {
    signal: controller.signal,
    loader: {
      ...loader,
      batches: async function* (epoch, fromStep) {
        for await (const batch of loader.batches(epoch, fromStep)) {
          // The batch after is asked for while a step runs.
          if (++given > steps) controller.abort();
          yield batch;
        }
      },
    },
  };
}

/** Tensors of a checkpoint as plain numbers. */
function tensorsOf(file: string): { [name: string]: number[] } {
  return Object.fromEntries(
    [...readCheckpoint(file).tensors].map(([name, { data }]) => [name, Array.from(data, Number)]),
  );
}

async function undisturbed() {
  const model = createTinyModel();
  const result = await trainRun(tinyRun(out('whole'), model));
  return { model, result };
}

describe('trainRun', () => {
  test('writes the run folder: config, events, checkpoints and results', async () => {
    const { result } = await undisturbed();
    expect(result).toMatchObject({ reason: 'done', step: 20 });
    expect(readdirSync(out('whole')).sort()).toEqual(['checkpoints', 'config.json', 'events.jsonl', 'results.json']);
    expect(readdirSync(join(out('whole'), 'checkpoints')).sort()).toEqual(['best.safetensors', 'last.safetensors']);
    expect(JSON.parse(readFileSync(result.folder.config, 'utf8'))).toEqual({ task: 'tiny', train: { epochs: 4 } });
    const results = JSON.parse(readFileSync(result.folder.results, 'utf8'));
    expect(results).toMatchObject({
      reason: 'done',
      step: 20,
      epochs: 4,
      metric: 'score',
      learningRate: 0.05,
      seed: 3,
    });
    expect(results.latest).toMatchObject({ step: 20, value: result.latest?.value });
  });

  test('keeps with a checkpoint which classes have no objects', async () => {
    const labels = { classes: [...TINY_LABELS.classes, { id: 9, name: 'sky', isStuff: true as const }] };
    const options = { ...TINY_OPTIONS, epochs: 1 };
    await trainRun(tinyRun(out('run'), createTinyModel(), { labels, options }));
    const { metadata } = readCheckpoint(runFolder(out('run')).best);
    expect(metadata.classes).toEqual(labels.classes);
  });

  test('logs every step once, in order, with its terms, rate and times', async () => {
    await undisturbed();
    const events = eventsOf('whole');
    expect(events[0]).toMatchObject({
      event: 'start',
      step: 0,
      engine: 'test',
      steps: 20,
      stepsPerEpoch: STEPS_PER_EPOCH,
    });
    const steps = events.filter(({ event }) => event === 'step');
    expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(steps.map(({ epoch }) => epoch)).toEqual(Array.from({ length: 20 }, (_, i) => Math.floor(i / 5) + 1));
    for (const event of steps) {
      expect(event).toMatchObject({
        losses: { crossEntropy: expect.any(Number), size: expect.any(Number), total: expect.any(Number) },
      });
      expect(event.ms).toEqual({ data: expect.any(Number), compute: expect.any(Number), host: expect.any(Number) });
    }
    expect(steps[0]?.learningRate).toBeCloseTo(0.05 / 3, 12);
    expect(events.filter(({ event }) => event === 'evaluation').map(({ step }) => step)).toEqual([5, 10, 15, 20]);
    expect(events.at(-1)).toMatchObject({ event: 'stop', step: 20, reason: 'done' });
  });

  test('evaluates the averaged weights and trains on with the others', async () => {
    const seen: { [name: string]: number[] }[] = [];
    const model = createTinyModel();
    await trainRun(
      tinyRun(out('run'), model, {
        evaluate: async () => {
          seen.push(snapshot(model));
          return { score: seen.length };
        },
      }),
    );
    const last = join(out('run'), 'checkpoints', 'last.safetensors');
    const averaged = createTinyModel({ seed: 9 });
    loadCheckpoint(averaged, readCheckpoint(last));
    expect(snapshot(averaged)).toEqual(seen.at(-1));
    const raw = createTinyModel({ seed: 9 });
    loadCheckpoint(raw, readCheckpoint(last), 'raw');
    expect(snapshot(raw)).toEqual(snapshot(model));
    expect(snapshot(raw)).not.toEqual(snapshot(averaged));
  });

  test('keeps the best evaluation, not the last', async () => {
    const scores = [0.2, 0.9, Number.NaN, 0.4];
    const averages: { [name: string]: number[] }[] = [];
    const model = createTinyModel();
    const result = await trainRun(
      tinyRun(out('run'), model, {
        evaluate: async () => {
          averages.push(snapshot(model));
          return { score: scores[averages.length - 1] };
        },
      }),
    );
    expect(result.best).toMatchObject({ step: 10, value: 0.9 });
    expect(result.latest).toMatchObject({ step: 20, value: 0.4 });
    const best = createTinyModel({ seed: 9 });
    const checkpoint = readCheckpoint(result.folder.best);
    loadCheckpoint(best, checkpoint);
    expect(snapshot(best)).toEqual(averages[1]);
    expect(checkpoint.metadata).toMatchObject({ step: 10, metric: 'score', best: { step: 10, value: 0.9 } });
  });

  test('releases every batch and leaves no tensor behind', async () => {
    const model = createTinyModel();
    const loader = createTinyLoader();
    const before = tf.memory().numTensors;
    await trainRun(tinyRun(out('run'), model, { loader }));
    expect(loader.open()).toBe(0);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('stops by the clock with an evaluation and a checkpoint', async () => {
    const options = { ...TINY_OPTIONS, epochs: 100_000, minutes: 0.5 / 60 };
    const result = await trainRun(tinyRun(out('run'), createTinyModel(), { options }));
    expect(result.reason).toBe('time');
    expect(result.latest?.step).toBe(result.step);
    expect(readCheckpoint(result.folder.last).metadata.step).toBe(result.step);
  });

  test('trains without an evaluation, and then has no best checkpoint', async () => {
    const { evaluate: _, metric: __, ...run } = tinyRun(out('run'), createTinyModel());
    const result = await trainRun(run);
    expect(result).toMatchObject({ reason: 'done', best: null, latest: null });
    expect(existsSync(result.folder.best)).toBe(false);
  });

  test.each([
    ['AP', 'epoch 1: no objects to find in 0s'],
    ['mIoU', 'epoch 1: no pixels to compare in 0s'],
  ])('an evaluation without %s is never the best: the last checkpoint is the result', async (metric, note) => {
    const notes: string[] = [];
    const progress = { step: () => undefined, note: (line: string) => notes.push(line), end: () => undefined };
    const evaluate = async () => ({ [metric]: null });
    const result = await trainRun(tinyRun(out('run'), createTinyModel(), { evaluate, metric, progress }));
    expect(result).toMatchObject({ best: null, latest: { step: 20, value: null } });
    expect(chosenCheckpoint(result.folder)).toBe(result.folder.last);
    expect([notes[0], notes.filter((line) => line.includes('best'))]).toEqual([note, []]);
    expect(JSON.parse(readFileSync(result.folder.results, 'utf8'))).toMatchObject({
      best: null,
      latest: { value: null },
    });
    const again = await trainRun(tinyRun(out('run'), createTinyModel(), { resume: true, evaluate, metric }));
    expect(again).toMatchObject({ reason: 'done', best: null });
  });

  test('scales the learning rate to the batch and says so', async () => {
    const notes: string[] = [];
    const progress = { step: () => undefined, note: (line: string) => notes.push(line), end: () => undefined };
    const options = { ...TINY_OPTIONS, steps: 1, warmupSteps: 0, referenceBatch: 16 };
    await trainRun(tinyRun(out('run'), createTinyModel(), { options, progress }));
    expect(notes[0]).toBe('learning rate 0.0125 for 4 images a step, scaled from 16 images');
    expect(eventsOf('run').find(({ event }) => event === 'step')?.learningRate).toBe(0.0125);
  });
});

describe('resuming', () => {
  test.each([1, 5, 7, 10, 19])('after %i steps ends with the undisturbed run, bit for bit', async (steps) => {
    const { result: whole } = await undisturbed();
    const first = await trainRun(tinyRun(out('run'), createTinyModel(), stopAfter(steps)));
    expect(first).toMatchObject({ reason: 'interrupted', step: steps });
    expect(existsSync(first.folder.results)).toBe(false);
    // Another seed: every value has to come from the checkpoint.
    const second = await trainRun(tinyRun(out('run'), createTinyModel({ seed: 5 }), { resume: true }));
    expect(tensorsOf(second.folder.last)).toEqual(tensorsOf(whole.folder.last));
    expect(tensorsOf(second.folder.best)).toEqual(tensorsOf(whole.folder.best));
    expect([second.best, second.latest]).toEqual([whole.best, whole.latest]);
    const numbers = (name: string) =>
      eventsOf(name).flatMap(({ event, step, losses, report }) =>
        losses || report ? [{ event, step, losses, report }] : [],
      );
    expect(numbers('run')).toEqual(numbers('whole'));
  });

  test.each([
    ['before it begins', 0],
    ['in an evaluation', 5],
  ])('after an abort %s ends with the undisturbed run, bit for bit', async (_when, step) => {
    const { result: whole } = await undisturbed();
    const controller = new AbortController();
    if (step === 0) controller.abort();
    const evaluate = async (signal: AbortSignal | undefined): Promise<object> => {
      controller.abort();
      signal?.throwIfAborted();
      return {};
    };
    const { signal } = controller;
    const first = await trainRun(tinyRun(out('run'), createTinyModel(), { signal, evaluate }));
    expect(first).toMatchObject({ reason: 'interrupted', step, best: null });
    const second = await trainRun(tinyRun(out('run'), createTinyModel({ seed: step === 0 ? 1 : 5 }), { resume: true }));
    expect(second).toMatchObject({ reason: 'done', best: whole.best, latest: whole.latest });
    expect(tensorsOf(second.folder.last)).toEqual(tensorsOf(whole.folder.last));
  });

  test('SGD resumes bit for bit too', async () => {
    const options: TrainRun['options'] = { ...TINY_OPTIONS, optimizer: 'sgd', ema: null };
    const whole = await trainRun(tinyRun(out('whole'), createTinyModel(), { options }));
    await trainRun(tinyRun(out('run'), createTinyModel(), { options, ...stopAfter(8) }));
    const second = await trainRun(tinyRun(out('run'), createTinyModel({ seed: 5 }), { options, resume: true }));
    expect(tensorsOf(second.folder.last)).toEqual(tensorsOf(whole.folder.last));
  });

  test('a batch in parts resumes bit for bit, and parts that are not equal are refused', async () => {
    const options: TrainRun['options'] = { ...TINY_OPTIONS, accumulate: 2 };
    const whole = await trainRun(tinyRun(out('whole'), createTinyModel({ dropRate: 0.5 }), { options }));
    await trainRun(tinyRun(out('run'), createTinyModel({ dropRate: 0.5 }), { options, ...stopAfter(8) }));
    const again = createTinyModel({ seed: 5, dropRate: 0.5 });
    const second = await trainRun(tinyRun(out('run'), again, { options, resume: true }));
    expect(tensorsOf(second.folder.last)).toEqual(tensorsOf(whole.folder.last));
    const odd = tinyRun(out('odd'), createTinyModel(), { options: { ...TINY_OPTIONS, accumulate: 3 } });
    await expect(trainRun(odd)).rejects.toThrow('4 images a step cannot be computed in 3 equal parts');
  });

  test.each([5, 10, 15])(
    'a frozen backbone is trained from half of the steps on, also when interrupted after %i, bit for bit',
    async (steps) => {
      const options: TrainRun['options'] = { ...TINY_OPTIONS, unfreezeAt: 0.5 };
      const start = snapshot(createTinyModel());
      const moves: boolean[] = [];
      const model = createTinyModel();
      const evaluate = async () => {
        const now = snapshot(model);
        const names = ['backbone.stem.weight', 'backbone.bn.running_mean', 'backbone.bn.bias'];
        moves.push(names.some((name) => `${now[name]}` !== `${start[name]}`));
        return { score: 1 };
      };
      const whole = await trainRun(tinyRun(out('whole'), model, { options, evaluate }));
      expect(whole).toMatchObject({ reason: 'done', step: 20 });
      expect(moves).toEqual([false, false, true, true]); // after 5, 10, 15 and 20
      const rates = eventsOf('whole').flatMap(({ event, learningRate }) => (event === 'step' ? [learningRate] : []));
      expect(rates.length).toBe(20);
      const cosine = (step: number): number => 0.025 * (1 + Math.cos((Math.PI * (step - 3)) / 17));
      expect(Number(rates[10])).toBeCloseTo(cosine(10) / 3, 9); // the first of three steps of another warm-up
      expect(Number(rates[12])).toBeCloseTo(cosine(12), 9);
      await trainRun(tinyRun(out('run'), createTinyModel(), { options, ...stopAfter(steps) }));
      const again = createTinyModel({ seed: 5 });
      const second = await trainRun(tinyRun(out('run'), again, { options, resume: true }));
      expect(tensorsOf(second.folder.last)).toEqual(tensorsOf(whole.folder.last));
      expect(
        [...again.parameters.values()].every(({ variable, role }) => variable.trainable || role === 'statistic'),
      ).toBe(true);
    },
  );

  test('a run that ends in the moment of unfreezing goes on bit for bit, averages of the backbone included', async () => {
    const options: TrainRun['options'] = { ...TINY_OPTIONS, unfreezeAt: 0.5 };
    const whole = await trainRun(tinyRun(out('whole'), createTinyModel(), { options }));
    const note = (line: string): void => {
      if (line.includes('the backbone is trained, too')) throw new Error('killed');
    };
    const killed = tinyRun(out('run'), createTinyModel(), { options, progress: { ...silent, note } });
    await expect(trainRun(killed)).rejects.toThrow('killed');
    const second = await trainRun(tinyRun(out('run'), createTinyModel({ seed: 5 }), { options, resume: true }));
    expect(tensorsOf(second.folder.last)).toEqual(tensorsOf(whole.folder.last));
    expect(second.best).toEqual(whole.best);
  });

  test('a training that is over has nothing to unfreeze its backbone for', async () => {
    const options: TrainRun['options'] = { ...TINY_OPTIONS, steps: 1, unfreezeAt: 0.5 };
    const { reason, step } = await trainRun(tinyRun(out('run'), createTinyModel(), { options }));
    expect([reason, step]).toEqual(['done', 1]);
    expect(readCheckpoint(runFolder(out('run')).last).metadata.unfrozenAt).toBeNull();
  });

  test.each([5, 10, 12])(
    'stages follow each other at equal shares of the steps, also when interrupted after %i, bit for bit',
    async (steps) => {
      const whole = await trainRun(tinyRun(out('whole'), createTinyModel()));
      const stageOf = (index: number) => ({ stage: { index, costs: [1, 4] } });
      const first = await trainRun(tinyRun(out('run'), createTinyModel(), { ...stageOf(0), ...stopAfter(steps) }));
      const stage = readCheckpoint(first.folder.last).metadata.stage ?? 0;
      expect([first.step, stage]).toEqual(steps <= 10 ? [steps, 0] : [10, 1]);
      if (stage === 0) {
        const again = await trainRun(
          tinyRun(out('run'), createTinyModel({ seed: 4 }), { ...stageOf(0), resume: true }),
        );
        expect([again.reason, again.step]).toEqual(['stage', 10]);
      }
      const last = await trainRun(tinyRun(out('run'), createTinyModel({ seed: 5 }), { ...stageOf(1), resume: true }));
      expect([last.reason, last.step]).toEqual(['done', 20]);
      expect(tensorsOf(last.folder.last)).toEqual(tensorsOf(whole.folder.last));
    },
  );

  test('a backbone that is frozen for good is not unfrozen', async () => {
    const options: TrainRun['options'] = { ...TINY_OPTIONS, unfreezeAt: 0.5 };
    const run = tinyRun(out('run'), createTinyModel({ frozenStem: true }), { options });
    await expect(trainRun(run)).rejects.toThrow(/frozen for good/);
  });

  test('drops events of steps after the checkpoint, and a line that was cut off', async () => {
    const options = { ...TINY_OPTIONS, checkpointEvery: 6 };
    await trainRun(tinyRun(out('run'), createTinyModel(), { options, ...stopAfter(6) }));
    const file = join(out('run'), 'events.jsonl');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, `${text}{"event":"step","step":7}\n{"event":"step","st`);
    await trainRun(tinyRun(out('run'), createTinyModel(), { options, resume: true }));
    const steps = eventsOf('run').filter(({ event }) => event === 'step');
    expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  });

  test('without a checkpoint starts from the first step', async () => {
    const result = await trainRun(tinyRun(out('run'), createTinyModel(), { resume: true }));
    const { result: whole } = await undisturbed();
    expect(tensorsOf(result.folder.last)).toEqual(tensorsOf(whole.folder.last));
  });

  test('of a finished run changes nothing', async () => {
    const { result } = await undisturbed();
    const before = tensorsOf(result.folder.last);
    const again = await trainRun(tinyRun(out('whole'), createTinyModel(), { resume: true }));
    expect(again).toMatchObject({ reason: 'done', step: 20, best: result.best });
    expect(tensorsOf(again.folder.last)).toEqual(before);
  });

  test('takes up parameters that were frozen before, and reports their fresh state', async () => {
    const notes: string[] = [];
    const progress = { step: () => undefined, note: (line: string) => notes.push(line), end: () => undefined };
    await trainRun(tinyRun(out('run'), createTinyModel({ frozenStem: true }), stopAfter(5)));
    await trainRun(tinyRun(out('run'), createTinyModel(), { resume: true, progress }));
    // first, second and ema of stem weight, scale and shift; the statistics were averaged before
    expect(notes).toContain('9 states start fresh, e.g. first/backbone.stem.weight');
  });

  test('a folder that holds a run is not overwritten', async () => {
    await undisturbed();
    await expect(trainRun(tinyRun(out('whole'), createTinyModel()))).rejects.toThrow(
      /already holds a run: continue it with --resume/,
    );
  });

  test('other classes are refused, naming both lists', async () => {
    await undisturbed();
    const labels = {
      classes: [
        { id: 1, name: 'red' },
        { id: 2, name: 'blue' },
      ],
    };
    const run = tinyRun(out('whole'), createTinyModel(), { resume: true, labels });
    await refusedResume(run, 'checkpoint has classes [red, green], the config [red, blue]');
  });

  /** A refused run changes no byte on the disk, though its config is another one. */
  async function refusedResume(run: TrainRun, message: string | RegExp): Promise<void> {
    const bytes = () => {
      const names = readdirSync(run.out, { recursive: true, encoding: 'utf8' }).sort();
      return names.map((name) => [name, statSync(join(run.out, name)).isFile() && readFileSync(join(run.out, name))]);
    };
    const before = bytes();
    await expect(trainRun({ ...run, config: { task: 'poison' } })).rejects.toThrow(message);
    expect(bytes()).toEqual(before);
  }

  test('without the memory for a step is refused, too', async () => {
    await undisturbed();
    const run = tinyRun(out('whole'), createTinyModel(), { resume: true, availableBytes: 1000 });
    await refusedResume(run, /not even a batch of 1 fits/);
  });

  test("from another run's checkpoint is refused, though everything else fits", async () => {
    await undisturbed();
    await trainRun(tinyRun(out('other'), createTinyModel({ seed: 2 })));
    const last = join('checkpoints', 'last.safetensors');
    copyFileSync(join(out('other'), last), join(out('whole'), last));
    await refusedResume(
      tinyRun(out('whole'), createTinyModel(), { resume: true }),
      /last\.safetensors is a checkpoint of another run \(.*\): put the run's own file back/,
    );
  });

  test('while another process trains is refused', async () => {
    await undisturbed();
    const { release } = holdRunFolder(out('whole'), true);
    await refusedResume(tinyRun(out('whole'), createTinyModel(), { resume: true }), /is in use by process \d+ on /);
    release();
    expect(existsSync(runFolder(out('whole')).lock)).toBe(false);
  });

  test.each([
    ['seed', { seed: 4 }, /seed 3, the config gives 4/],
    ['optimizer', { optimizer: 'sgd' }, /optimizer adamw, the config gives sgd/],
  ] as const)('another %s is refused', async (_name, change, message) => {
    await undisturbed();
    const options = { ...TINY_OPTIONS, ...change };
    await refusedResume(tinyRun(out('whole'), createTinyModel(), { resume: true, options }), message);
  });

  test('another network is refused', async () => {
    await undisturbed();
    const run = tinyRun(out('whole'), createTinyModel({ width: 5 }), { resume: true });
    await refusedResume(run, /belong to another network/);
  });
});

describe('a loss that is not finite', () => {
  /** From step 8 on one loss term is divided by zero; the divisor comes with the batch. */
  function poisoned(term: 'crossEntropy' | 'size', options: TrainRun['options']): TrainRun {
    const model = createTinyModel();
    const loader = createTinyLoader();
    return tinyRun(
      out('run'),
      {
        ...model,
        loss: (raw, targets) => {
          const losses = model.loss(raw, targets);
          const divisor = tf.sum(targets.divisor as tf.Tensor);
          const { sums, value, weight } = losses[term] as LossTerm;
          return { ...losses, [term]: { sums, value: (totals) => tf.div(value(totals), divisor), weight } };
        },
      },
      {
        options,
        loader: {
          ...loader,
          layout: async () => {
            const { targets, ...rest } = await loader.layout();
            return { ...rest, targets: { ...targets, divisor: { shape: [1], dtype: 'float32' } } };
          },
          batches: async function* (epoch, fromStep) {
            let step = epoch * STEPS_PER_EPOCH + fromStep;
            for await (const batch of loader.batches(epoch, fromStep)) {
              const divisor = { data: Float32Array.of(++step >= 8 ? 0 : 1), shape: [1] };
              yield { ...batch, targets: { ...batch.targets, divisor } };
            }
          },
        },
      },
    );
  }

  test.each(['crossEntropy', 'size'] as const)('stops the run, naming step, images and %s', async (term) => {
    const run = poisoned(term, { ...TINY_OPTIONS, checkpointEvery: 7 });
    await expect(trainRun(run)).rejects.toThrow(
      `step 8: loss term '${term}' is Infinity; images of this batch: epoch1-step2-0.png, epoch1-step2-1.png, epoch1-step2-2.png, epoch1-step2-3.png.`,
    );
    const { tensors, metadata } = readCheckpoint(join(out('run'), 'checkpoints', 'last.safetensors'));
    expect(metadata.step).toBe(7);
    for (const { data } of tensors.values()) expect(Array.from(data, Number).every(Number.isFinite)).toBe(true);
  });

  test('is caught before a checkpoint that would hold it', async () => {
    const run = poisoned('size', { ...TINY_OPTIONS, checkpointEvery: 8 });
    await expect(trainRun(run)).rejects.toThrow(/step 8/);
    expect(existsSync(join(out('run'), 'checkpoints', 'last.safetensors'))).toBe(false);
  });
});

test('an error of the loader reaches the caller, and the checkpoint before it stays', async () => {
  const loader = createTinyLoader();
  const failing = {
    ...loader,
    batches: async function* (epoch: number, fromStep: number) {
      for await (const batch of loader.batches(epoch, fromStep)) {
        if (epoch === 1) throw new Error('b.jpg is cut off');
        yield batch;
      }
    },
  };
  const options = { ...TINY_OPTIONS, checkpointEvery: 5 };
  await expect(trainRun(tinyRun(out('run'), createTinyModel(), { loader: failing, options }))).rejects.toThrow(
    'b.jpg is cut off',
  );
  expect(readCheckpoint(join(out('run'), 'checkpoints', 'last.safetensors')).metadata.step).toBe(5);
});

test.each([
  ['an image that is gone', new DataError('b.jpg', 'there is no such file')],
  ['an error of any kind', new Error('no such op')],
])('%s in an evaluation loses no step', async (_what, error) => {
  const evaluate = async () => Promise.reject(error);
  await expect(trainRun(tinyRun(out('run'), createTinyModel(), { evaluate }))).rejects.toThrow(error.message);
  const last = join(out('run'), 'checkpoints', 'last.safetensors');
  expect(readCheckpoint(last).metadata.step).toBe(STEPS_PER_EPOCH);
  const { step } = await trainRun(tinyRun(out('run'), createTinyModel(), { resume: true }));
  expect(step).toBe(4 * STEPS_PER_EPOCH);
});

describe('what follows evaluations', () => {
  /** Figures of the evaluations, by the step. */
  const scores = (figures: readonly number[]): Pick<TrainRun, 'evaluate'> => {
    let evaluations = 0;
    return { evaluate: async () => ({ score: figures[evaluations++] ?? 0 }) };
  };
  const options = { ...TINY_OPTIONS, warmupSteps: 0, schedule: { kind: 'plateau', factor: 0.5, patience: 0 } } as const;

  test('a plateau halves the rate after an evaluation that is no better, and a resumed run goes on with it', async () => {
    const whole = createTinyModel();
    await trainRun(
      tinyRun(out('whole'), whole, { options: { ...options, optimizer: 'rmsprop' }, ...scores([1, 0.5, 2, 1]) }),
    );
    const rates = eventsOf('whole').flatMap(({ event, learningRate }) => (event === 'step' ? [learningRate] : []));
    expect([rates[0], rates[9], rates[10], rates[19]]).toEqual([0.05, 0.05, 0.025, 0.025]);

    const changes = { options: { ...options, optimizer: 'rmsprop' } } as const;
    await trainRun(tinyRun(out('again'), createTinyModel(), { ...changes, ...scores([1, 0.5]), ...stopAfter(12) }));
    const resumed = createTinyModel({ seed: 9 });
    await trainRun(tinyRun(out('again'), resumed, { ...changes, ...scores([2, 1]), resume: true }));
    expect(snapshot(resumed)).toEqual(snapshot(whole));
  });

  test('patience ends a run that gets no better, and says so', async () => {
    const notes: string[] = [];
    const progress = { ...silent, note: (line: string) => notes.push(line) };
    const changes = { options: { ...TINY_OPTIONS, patience: 2 }, progress, ...scores([1, 0.5, 0.9, 2]) };
    const result = await trainRun(tinyRun(out('early'), createTinyModel(), changes));
    expect([result.reason, result.step, result.best?.step]).toEqual(['patience', 15, 5]);
    expect(notes).toContain('no better in 2 evaluations: the training ends (train.patience)');
  });
});
