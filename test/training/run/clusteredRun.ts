import { createHash } from 'node:crypto';
import { writeSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { fanOutNormal, zeros } from '../../../backbones/initialisers.js';
import { batchNorm } from '../../../backbones/layers/batchNorm.js';
import { createParameters } from '../../../backbones/parameters.js';
import { membership } from '../../../engine/collective.js';
import { ready } from '../../../engine/engine.js';
import '../../../engine/tensorflow/tensorflow.js';
import { createRandom, permutation } from '../../../engine/random.js';
import { crossEntropyLoss } from '../../../heads/losses/crossEntropy.js';
import { diceLoss } from '../../../heads/losses/dice.js';
import type { TrainBatch, TrainLoader } from '../../../training/run/batch.js';
import { runFolder } from '../../../training/run/folder.js';
import { askToPause } from '../../../training/run/pause.js';
import { trainRun } from '../../../training/run/train.js';
import type { TrainableModel } from '../../../training/step.js';
import { silent, TINY_LABELS, tinyLayout } from './tinyRun.js';

/** What one process is told, as JSON in its only argument. */
export interface ClusteredRun {
  readonly out: string;
  readonly task: number;
  /** One: it trains alone. */
  readonly addresses: readonly string[];
  readonly norm: 'frozen' | 'own' | 'synced';
  readonly resume: boolean;
  readonly seed: number;
  readonly timeoutSeconds: number;
  /** Parts of a batch. */
  readonly accumulate: number;
  /** Asks for a pause when it was given that many batches. */
  readonly pauses: number | null;
  /** Sends itself the signal when it was given that many batches. */
  readonly dies: { readonly signal: 'SIGKILL' | 'SIGSTOP' | 'SIGINT'; readonly batches: number } | null;
}

const [BATCH, IMAGES, SIDE, WIDTH] = [16, 40, 6, 5];

/** Convolution, batch norm, dense; some images have no class, so that the processes have different numbers of labels. */
function createModel(norm: ClusteredRun['norm'], seed: number): TrainableModel<tf.Tensor2D> {
  const owner = createParameters(seed, (name) => norm === 'frozen' && name.startsWith('backbone.bn'));
  const conv = owner.create('backbone.conv.weight', {
    shape: [3, 3, 3, WIDTH],
    layout: 'convolution',
    role: 'weight',
    initialise: fanOutNormal,
  }) as tf.Variable<tf.Rank.R4>;
  const normalise = batchNorm(owner, 'backbone.bn', { channels: WIDTH, epsilon: 1e-3, momentum: 0.9 });
  const weight = owner.create('head.weight', {
    shape: [WIDTH, 2],
    layout: 'dense',
    role: 'weight',
    initialise: fanOutNormal,
  }) as tf.Variable<tf.Rank.R2>;
  const bias = owner.create('head.bias', { shape: [2], layout: 'plain', role: 'bias', initialise: zeros });
  return {
    parameters: owner.parameters,
    dispose: owner.dispose,
    preprocessing: { channels: 'RGB', mean: [127, 127, 127], std: [64, 64, 64] },
    forward: (images, pass) => {
      const maps = tf.relu(normalise(tf.conv2d(images, conv, 1, 'same'), pass));
      return tf.add(tf.matMul(tf.mean(maps, [1, 2]) as tf.Tensor2D, weight), bias);
    },
    loss: (logits, targets) => {
      const labels = targets.classes as tf.Tensor1D;
      return { crossEntropy: crossEntropyLoss(logits, labels, [1, 2]), dice: diceLoss(logits, labels, 1) };
    },
  };
}

/** This process's part of every batch of an epoch's permutation. */
function createLoader({ seed, dies, pauses, out }: ClusteredRun): TrainLoader {
  const { task, tasks } = { task: membership()?.task ?? 0, tasks: membership()?.addresses.length ?? 1 };
  const size = BATCH / tasks;
  let given = 0;
  const draw = (epoch: number, step: number): TrainBatch => {
    const order = permutation(IMAGES, createRandom([seed, epoch]));
    const members = order.subarray(step * BATCH + task * size, step * BATCH + (task + 1) * size);
    const area = SIDE * SIDE * 3;
    const images = new Uint8Array(size * area);
    const classes = new Int32Array(size);
    members.forEach((image, row) => {
      const random = createRandom([5, image]);
      classes[row] = image % 5 === 0 ? -1 : image % 2;
      for (let i = 0; i < area; i++) images[row * area + i] = random.integer(128) + (i % 3 === image % 2 ? 100 : 0);
    });
    return {
      images,
      shape: [size, SIDE, SIDE, 3],
      targets: { classes: { data: classes, shape: [size] } },
      ids: Array.from(members, String),
      release: () => undefined,
    };
  };
  return {
    stepsPerEpoch: Math.floor(IMAGES / BATCH),
    layout: async () => tinyLayout([size, SIDE, SIDE, 3]),
    batches: async function* (epoch, fromStep) {
      for (let step = fromStep; step < Math.floor(IMAGES / BATCH); step++) {
        if (++given === dies?.batches) process.kill(process.pid, dies.signal);
        if (given === pauses) askToPause(runFolder(out));
        yield draw(epoch, step);
      }
    },
  };
}

const told = JSON.parse(process.argv[2] ?? '') as ClusteredRun;
const { task, addresses, timeoutSeconds, accumulate, norm, seed, out, resume } = told;
const interrupt = new AbortController();
process.on('SIGINT', () => interrupt.abort());
try {
  await ready({
    engine: 'tensorflow',
    threads: 1,
    ...(addresses.length > 1 ? { cluster: { task, addresses, timeoutSeconds } } : {}),
  });
  // Other weights in every process: all have to come from task 0, or from the checkpoint.
  const model = createModel(norm, resume ? 90 + task : 1 + task);
  const evaluated: number[] = [];
  const { reason, step } = await trainRun({
    model: model as TrainableModel,
    loader: createLoader(told),
    out,
    resume,
    signal: interrupt.signal,
    evaluate: async () => {
      evaluated.push(task);
      await new Promise((resolve) => setTimeout(resolve, 1500)); // longer than a look at the peers
      return { score: 1 };
    },
    metric: 'score',
    options: {
      steps: 20,
      batchSize: BATCH,
      accumulate,
      optimizer: 'sgd',
      learningRate: 0.2,
      warmupSteps: 2,
      clipNorm: 1,
      ema: 0.9,
      evaluateEvery: 5,
      syncNorm: norm === 'synced',
      seed,
    },
    config: { norm },
    labels: TINY_LABELS,
    engine: 'tensorflow',
    progress: silent,
  });
  const hash = createHash('sha256');
  for (const { variable } of model.parameters.values()) hash.update(variable.dataSync());
  writeSync(1, JSON.stringify({ reason, step, evaluations: evaluated.length, weights: hash.digest('hex') }));
} catch (error) {
  writeSync(1, JSON.stringify({ error: error instanceof Error ? `${error.name}: ${error.message}` : error }));
  process.exitCode = 1;
}
