import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Dataset, Warning } from '../datasets/dataset.js';
import { createLoader, type Loader } from '../datasets/loader/index.js';
import { membership } from '../engine/collective.js';
import { fillOf } from '../training/predictor.js';
import {
  type HeldRunFolder,
  holdRunFolder,
  type Progress,
  runFolder,
  type ThreadCounts,
  type TrainOptions,
  type TrainResult,
  trainRun,
} from '../training/run/index.js';
import { trainAugmentation } from './augmentation.js';
import { openSplit } from './datasets.js';
import { createNetwork, type Network } from './network.js';
import type { Experiment } from './schema.js';
import { loadStart } from './weights.js';

export interface TrainExperimentOptions {
  /** Folder of the run. */
  readonly out: string;
  /** Continues the run in `out`. */
  readonly resume: boolean;
  /** Name of the engine that is open, for the record. */
  readonly engine: string;
  /** Of the engine, for the record. */
  readonly threads?: ThreadCounts;
  /** Watches for tensors that stay alive after steps, and ends the run naming the op that made them. */
  readonly checkLeaks?: boolean;
  /** True: pretrained weights come from the cache or not at all. */
  readonly offline: boolean;
  /** One line for people. */
  readonly say: (line: string) => void;
  readonly signal?: AbortSignal;
  readonly progress?: Progress;
}

/**
 * Runs an experiment: opens its data, builds its network, trains, evaluates, writes the run's folder.
 *
 * @throws EspalierError with one sentence for anything the user can act on
 */
export async function trainExperiment(experiment: Experiment, options: TrainExperimentOptions): Promise<TrainResult> {
  const { task = 0 } = membership() ?? {};
  if (task > 0) return trainHeld(experiment, options, null); // task 0 writes
  const held = holdRunFolder(options.out, options.resume);
  try {
    return await trainHeld(experiment, options, held);
  } finally {
    held.release();
  }
}

async function trainHeld(
  experiment: Experiment,
  options: TrainExperimentOptions,
  held: HeldRunFolder | null,
): Promise<TrainResult> {
  const { say } = options;
  const train = await openSplit(experiment, 'train');
  const val = await openSplit(experiment, 'val', train.labels);
  for (const [name, { size, warnings }] of [['train', train] as const, ['val', val] as const]) {
    say(`${name}: ${size} images${describeWarnings(warnings)}`);
  }
  say(`classes: ${train.labels.classes.map(({ name }) => name).join(', ')}`);
  const network = createNetwork(experiment, train.labels);
  try {
    const { weights } = experiment.model;
    if (weights === null) say('weights: none, everything starts at random');
    else if (!continues(options))
      say(await loadStart(network.model, weights, { offline: options.offline, onProgress: say }));
    return await trainNetwork(experiment, network, { train, val }, { ...options, held });
  } finally {
    network.dispose();
  }
}

/** False for a run that was stopped before its first checkpoint: it starts again, from the pretrained weights. */
function continues({ out, resume }: TrainExperimentOptions): boolean {
  return resume && existsSync(runFolder(out).last);
}

async function trainNetwork(
  experiment: Experiment,
  network: Network,
  { train, val }: { readonly train: Dataset; readonly val: Dataset },
  options: TrainExperimentOptions & { readonly held: HeldRunFolder | null },
): Promise<TrainResult> {
  const loader = createTrainLoader(experiment, network, train);
  const { out, held, resume, engine, signal, progress, threads, checkLeaks = false } = options;
  try {
    return await trainRun({
      model: network.model,
      loader,
      evaluate: (stop) => network.measure(val, { signal: stop }),
      metric: network.metric,
      options: trainOptions(experiment),
      config: experiment,
      shared: { ...shared(experiment), images: train.entries.map(({ id }) => id) },
      labels: train.labels,
      ...{ out, resume, engine, checkLeaks },
      ...(held ? { held } : {}),
      ...(threads === undefined ? {} : { threads }),
      ...(signal === undefined ? {} : { signal }),
      ...(progress === undefined ? {} : { progress }),
    });
  } finally {
    await loader.dispose();
  }
}

/** What must be the same in every process of a cluster: all but where the data lies and what a machine can do. */
function shared({ task, model, train, augment }: Experiment): object {
  const { workers: _workers, cacheMegabytes: _cacheMegabytes, ...rest } = train;
  return { task, model, train: rest, augment };
}

function createTrainLoader(experiment: Experiment, network: Network, dataset: Dataset): Loader {
  const { batchSize, seed, workers, cacheMegabytes } = experiment.train;
  const cluster = membership();
  return createLoader({
    entries: dataset.entries,
    encoder: network.encoder,
    augment: trainAugmentation(experiment, network.inputSize, fillOf(network.model.preprocessing)),
    ...{ batchSize, seed },
    ...(cluster ? { share: { task: cluster.task, tasks: cluster.addresses.length } } : {}),
    workers: workers ?? Math.min(4, Math.max(1, availableParallelism() - 1)),
    ...{ shuffle: true, dropLast: true, keepTruth: false },
    cacheBytes: cacheMegabytes * 2 ** 20,
  });
}

/** The part of the config that the training loop reads. */
export function trainOptions({ train }: Experiment): TrainOptions {
  const { freeze: _freeze, workers: _workers, cacheMegabytes: _cacheMegabytes, peerTimeout: _, ...options } = train;
  return options;
}

function describeWarnings(warnings: readonly Warning[]): string {
  return warnings.map(({ message }) => `\n  warning: ${message}`).join('');
}
