import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findLeak } from '../datasets/check/leaks.js';
import type { Dataset } from '../datasets/dataset.js';
import { BACKGROUND } from '../datasets/labels.js';
import { builtModule } from '../datasets/loader/built.js';
import { loadEncoder } from '../datasets/loader/fill.js';
import { membership } from '../engine/collective.js';
import { DataError, EspalierError } from '../engine/errors.js';
import { printable, shownName } from '../engine/printable.js';
import { headOf, TASKS } from '../heads/index.js';
import { preprocessingOf } from '../pretrained/metadata.js';
import {
  createPictures,
  type HeldRunFolder,
  holdRunFolder,
  labelStatistics,
  openScalarLog,
  type Pictures,
  type Progress,
  runFolder,
  type ScalarLog,
  type ThreadCounts,
  type TrainOptions,
  type TrainResult,
  trainRun,
} from '../training/run/index.js';
import { withWeights } from '../weights/fileSource.js';
import { openSplit, openValidation } from './datasets.js';
import { describeIntensity, preprocessingFor } from './intensity.js';
import { checkLearnable, describeMeasurable, learnableError } from './learnable.js';
import { createNetwork, type Network, withChannels } from './network.js';
import type { Experiment } from './schema.js';
import { createTrainLoader, withFullBatch } from './trainLoader.js';
import { loadStart, type Startable } from './weights.js';

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
  /** False: nothing is kept to look at. Defaults to true. */
  readonly pictures?: boolean;
}

/**
 * Runs an experiment: opens its data, builds its network, trains, evaluates, writes the run's folder.
 *
 * @throws EspalierError with one sentence for anything the user can act on, data that nothing can be learned from included
 */
export async function trainExperiment(named: Experiment, options: TrainExperimentOptions): Promise<TrainResult> {
  const { task = 0 } = membership() ?? {};
  if (task > 0) return trainHeld(named, options, null); // task 0 writes
  const held = holdRunFolder(options.out, options.resume);
  try {
    return await trainHeld(named, options, held);
  } finally {
    held.release();
  }
}

async function trainHeld(
  named: Experiment,
  options: TrainExperimentOptions,
  held: HeldRunFolder | null,
): Promise<TrainResult> {
  const say = (line: string): void => options.say(printable(line));
  const train = await openSplit(named, 'train');
  const { problem: found, warnings } = checkLearnable(named, train);
  const problem = found && learnableError(train, found);
  say(
    `train: ${train.size} images${describeWarnings(
      train,
      warnings.map(({ message }) => message),
    )}`,
  );
  const val = await openValidation(named, train.labels).catch(withFirst(problem));
  if (problem !== null) throw problem;
  const leak = val && findLeak(train, val, 'val');
  if (leak) throw leak;
  say(
    val
      ? `val: ${val.size} images${describeWarnings(val, describeMeasurable(val, headOf(named.model.head).task))}`
      : 'val: none',
  );
  say(`classes: ${describeClasses(named, train)}`);
  const experiment = withFullBatch(named, train.size, say);
  const network = createNetwork(withChannels(experiment, train.deep?.channels), train.labels);
  try {
    const { weights, partial } = experiment.model;
    if (weights === null) say('weights: none, everything starts at random');
    else if (continues(options)) await prepareAsStored(network.model, runFolder(options.out).last);
    else say(await loadStart(network.model, weights, { partial, offline: options.offline, onProgress: say }));
    if (!continues(options)) network.model.preprocessing = await preprocessingFor(train, network.model.preprocessing);
    if (train.deep) say(`intensity: ${describeIntensity(train.deep, network.model.preprocessing)}`);
    return await trainNetwork(experiment, network, { train, val, config: named }, { ...options, held });
  } finally {
    network.dispose();
  }
}

/** Two things that are wrong are told at once. */
const withFirst =
  (problem: DataError | null) =>
  (error: unknown): never => {
    if (problem === null || !(error instanceof EspalierError)) throw error;
    const first = problem.message.slice(problem.file.length + ': '.length);
    throw new DataError(problem.file, `${first}\n${error.message}`);
  };

function describeClasses({ task, data }: Experiment, { labels }: Dataset): string {
  const names = labels.classes.map(({ name }) => name);
  const isAdded =
    TASKS[task].addsBackground === true && names.includes(BACKGROUND) && !data.classes.includes(BACKGROUND);
  return names.map(shownName).join(', ') + (isAdded ? ` (${BACKGROUND}: every pixel without one of the others)` : '');
}

/** False for a run that was stopped before its first checkpoint: it starts again, from the pretrained weights. */
function continues({ out, resume }: TrainExperimentOptions): boolean {
  return resume && existsSync(runFolder(out).last);
}

/** The weights themselves are restored later; images are prepared for them from the first one on. */
async function prepareAsStored(model: Pick<Startable, 'preprocessing'>, checkpoint: string): Promise<void> {
  const stored = await withWeights(checkpoint, ({ metadata }) => preprocessingOf(metadata)).catch(() => null);
  if (stored) model.preprocessing = stored; // a damaged checkpoint is refused where it is restored
}

async function trainNetwork(
  experiment: Experiment,
  network: Network,
  { train, val, config }: { readonly train: Dataset; readonly val: Dataset | null; readonly config: Experiment },
  options: TrainExperimentOptions & { readonly held: HeldRunFolder | null },
): Promise<TrainResult> {
  const loader = createTrainLoader(experiment, network, train, (line) => options.say(printable(line)));
  const { out, held, resume, engine, signal, progress, threads, checkLeaks = false } = options;
  try {
    const isWriter = held !== null;
    const scalars =
      isWriter && experiment.train.tensorboard ? openScalarLog(join(out, 'tensorboard'), config) : undefined;
    const pictures =
      isWriter && options.pictures !== false ? await keepPictures(experiment, network, train, out, scalars) : null;
    return await trainRun({
      model: network.model,
      loader,
      ...(val && {
        evaluate: (stop) => network.measure(val, { signal: stop, onAnswer: pictures?.answer }),
        metric: network.task.metric,
        evaluatedImages: val.size,
      }),
      ...(pictures ? { watch: pictures } : {}),
      ...(scalars ? { alsoLog: scalars } : {}),
      options: trainOptions(experiment),
      config,
      shared: { ...shared(experiment), images: train.entries.map(({ id }) => id) },
      labels: train.labels,
      out,
      resume,
      engine,
      checkLeaks,
      ...(held ? { held } : {}),
      ...(threads === undefined ? {} : { threads }),
      ...(signal === undefined ? {} : { signal }),
      ...(progress === undefined ? {} : { progress }),
    });
  } finally {
    await loader.dispose();
  }
}

async function keepPictures(
  { evaluate }: Experiment,
  { encoder }: Network,
  train: Dataset,
  out: string,
  scalars: ScalarLog | undefined,
): Promise<Pictures> {
  const built = await loadEncoder({ ...encoder, module: builtModule(encoder.module) });
  return createPictures({
    folder: runFolder(out).pictures,
    statistics: labelStatistics(train),
    encoder: built,
    threshold: evaluate.drawThreshold,
    labels: train.labels,
    alsoShow: scalars?.image,
  });
}

/** What must be the same in every process of a cluster: all but where the data lies and what a machine can do. */
function shared({ task, model, train, augment }: Experiment): object {
  const { workers: _workers, cacheMegabytes: _cacheMegabytes, ...rest } = train;
  return { task, model, train: rest, augment };
}

/** The part of the config that the training loop reads. */
export function trainOptions({ train }: Experiment): TrainOptions {
  const {
    workers: _workers,
    cacheMegabytes: _cacheMegabytes,
    peerTimeout: _,
    tensorboard: _tensorboard,
    ...options
  } = train;
  return options;
}

function describeWarnings({ warnings }: Dataset, others: readonly string[]): string {
  const notes = warnings.filter(({ isNote }) => isNote).map(({ message }) => `\n  ${message}`);
  const wrong = [...warnings.filter(({ isNote }) => !isNote).map(({ message }) => message), ...others];
  return [...notes, ...wrong.map((text) => `\n  warning: ${text}`)].join('');
}
