import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs';

import type { Entry } from '../../../datasets/dataset.js';
import { createLoader, type Loader } from '../../../datasets/loader/index.js';
import { plain } from '../../../datasets/transforms/augment.js';
import { type EngineName, ready } from '../../../engine/engine.js';
import '../../../engine/tensorflow/tensorflow.js';
import type { TargetTensors } from '../../../heads/head.js';
import { meanLoss } from '../../../heads/losses/term.js';
import { onInterrupt } from '../../../training/run/interrupt.js';
import type { TrainRun } from '../../../training/run/session.js';
import { trainRun } from '../../../training/run/train.js';
import { writeImages } from '../../datasets/loader/fixture.js';
import { openCoco } from '../../datasets/open.js';
import { createTinyModel, silent, TINY_OPTIONS, type TinyModel, tinyRun } from './tinyRun.js';

/**
 * A process that trains, and nothing else: FOLDER ENGINE. In every run something else is broken, and nothing in the last; one line
 * of JSON for each.
 */
const [, , folder = '', engine] = process.argv;
process.env.ESPALIER_DECODER = 'js'; // the one that threads load faster
await ready({ engine: engine as EngineName });
const [BATCH, SIDE] = [4, 8];
const entries: readonly Entry[] = writeImages(16);
const module = join(folder, 'encoder.mjs');
writeFileSync(
  module,
  `export function createEncoder({ throwsAt, diesAt, zeroAt }) {
  if (throwsAt === 'start') throw new Error('the encoder does not start');
  const one = (dtype) => ({ shape: [], dtype });
  return {
    targets: { classes: one('int32'), divisor: one('float32') },
    encode({ labels: [label] }, { classes, divisor }) {
      if (label === throwsAt) throw new Error('the encoder meets ' + label);
      if (label === diesAt) process.exit(3);
      classes[0] = label % 2;
      divisor[0] = label === zeroAt ? 0 : 1;
    },
  };
}
`,
);
const damaged = join(folder, 'damaged.png');
writeFileSync(damaged, Uint8Array.from([137, 80, 78, 71, 13, 10, 26, 10, 0, 0]));

interface Case {
  readonly encoder?: { readonly throwsAt?: number | 'start'; readonly diesAt?: number; readonly zeroAt?: number };
  readonly entries?: readonly Entry[];
  /** Of the run's folder, that it cannot write. */
  readonly inTheWay?: string;
  readonly run?: (model: TinyModel, out: string) => Partial<TrainRun>;
}
const boom = (what: string) => (): never => {
  throw new Error(`${what} of the caller`);
};
const inTheWay = (out: string, name: string) => mkdirSync(join(out, name), { recursive: true });

/** The process gets a signal, twice, as terminals and npx send it, when its first step was read. */
function signalled(name: NodeJS.Signals): Partial<TrainRun> {
  const { signal, dispose } = onInterrupt();
  const step = (): void => {
    process.kill(process.pid, name);
    process.kill(process.pid, name);
  };
  return { signal, progress: { ...silent, step, end: dispose } };
}

/** What is broken, from the first stage to the last. */
const CASES: { readonly [stage: string]: Case } = {
  start: { encoder: { throwsAt: 'start' } },
  decode: { entries: entries.map((entry, i) => (i === 9 ? { ...entry, file: damaged } : entry)) },
  encode: { encoder: { throwsAt: 9 } },
  thread: { encoder: { diesAt: 9 } },
  'event log': { inTheWay: 'events.jsonl' },
  'first step': { run: (model) => ({ model: { ...model, loss: boom('loss') } as unknown as TrainRun['model'] }) },
  'later step': {
    encoder: { zeroAt: 9 },
    run: (model) => ({
      model: {
        ...model,
        loss: (raw: tf.Tensor2D, targets: TargetTensors) => {
          const losses = model.loss(raw, targets);
          return { ...losses, bad: meanLoss(tf.div(1, tf.min(targets.divisor as tf.Tensor))) };
        },
      } as unknown as TrainRun['model'],
    }),
  },
  evaluation: { run: () => ({ evaluate: async () => boom('evaluation')() }) },
  checkpoint: {
    run: (_, out) => ({ evaluate: async () => ({ score: 1, folder: inTheWay(out, 'checkpoints/last.safetensors') }) }),
  },
  'step callback': { run: () => ({ progress: { ...silent, step: boom('step') } }) },
  'note callback': { run: () => ({ progress: { ...silent, note: boom('note') } }) },
  'end callback': { run: () => ({ progress: { ...silent, end: boom('end') } }) },
  'step and end': { run: () => ({ progress: { ...silent, step: boom('step'), end: boom('end') } }) },
  report: { run: (_, out) => ({ progress: { ...silent, step: () => inTheWay(out, 'results.json') } }) },
  ...Object.fromEntries(
    (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((name) => [name, { run: () => signalled(name) }]),
  ),
  nothing: {},
};

function loaderOf({ encoder = {}, entries: given = entries }: Case, workers: number): Loader {
  return createLoader({
    entries: given,
    encoder: { module: pathToFileURL(module).href, config: encoder },
    augment: plain([SIDE, SIDE]),
    batchSize: BATCH,
    seed: 1,
    workers,
    shuffle: false,
    dropLast: true,
    keepTruth: false,
    cacheBytes: 0,
  });
}

async function train(out: string, made: Case, workers: number): Promise<string> {
  if (made.inTheWay) inTheWay(out, made.inTheWay);
  const model = createTinyModel();
  const loader = loaderOf(made, workers);
  const options = { ...TINY_OPTIONS, epochs: 1, batchSize: BATCH };
  const progress = { ...silent, end: () => undefined };
  try {
    const run = tinyRun(out, model, { loader: loader as unknown as TrainRun['loader'], options, progress });
    const { reason, step } = await trainRun({ ...run, ...made.run?.(model, out) });
    return `${reason} ${step}`;
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message.replaceAll(folder, '')}` : String(error);
  } finally {
    await loader.dispose();
    model.dispose();
  }
}

for (const workers of [0, 1, 2]) {
  const unopened = await openCoco({ root: folder, annotations: 'none.json', images: '.', task: 'detection' }).catch(
    (error: Error) => error.name,
  );
  console.log(JSON.stringify([workers, 'data', unopened]));
  for (const [stage, made] of Object.entries(CASES)) {
    if (stage === 'thread' && workers === 0) continue; // it would be this process
    const out = join(folder, `${stage}-${workers}`);
    const before = tf.memory().numTensors;
    const outcome = await train(out, made, workers);
    const left = tf.memory().numTensors - before;
    console.log(JSON.stringify([workers, stage, outcome, left]));
  }
}
