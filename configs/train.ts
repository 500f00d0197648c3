import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Preprocessing } from '../backbones/backbone.js';
import { isBelow } from '../backbones/frozen.js';
import { findLeak } from '../datasets/check/leaks.js';
import type { Dataset } from '../datasets/dataset.js';
import { BACKGROUND } from '../datasets/labels.js';
import { builtModule } from '../datasets/loader/built.js';
import { loadEncoder } from '../datasets/loader/fill.js';
import { isOverlapping } from '../datasets/overlap.js';
import type { LabelMap } from '../datasets/sample.js';
import { membership } from '../engine/collective.js';
import { ConfigError, DataError, EspalierError } from '../engine/errors.js';
import { printable, shownName } from '../engine/printable.js';
import { headOf, headSettings, TASKS, type Task } from '../heads/index.js';
import { preprocessingOf } from '../pretrained/metadata.js';
import { copyWeights } from '../training/copyWeights.js';
import { adviseRate, type RateAdvice, type SweepRange, type SweptRate } from '../training/rateSweep.js';
import {
  chooseBatch,
  createPictures,
  DEFAULT_BATCH,
  type HeldRunFolder,
  holdRunFolder,
  labelStatistics,
  openScalarLog,
  originOf,
  type Pictures,
  type Progress,
  type RunStage,
  readCheckpoint,
  requireTrainingMemory,
  runFolder,
  type ScalarLog,
  sweepRates,
  type ThreadCounts,
  type TrainOptions,
  type TrainResult,
  trainRun,
} from '../training/run/index.js';
import type { TrainableModel } from '../training/step.js';
import { withTeacher } from '../training/teacher.js';
import { withWeights } from '../weights/fileSource.js';
import { reportAnchors } from './anchors.js';
import { openCached } from './cachedViews.js';
import { openSplit, openValidation } from './datasets.js';
import { describeIntensity, preprocessingFor } from './intensity.js';
import { checkLearnable, describeMeasurable, learnableError } from './learnable.js';
import { createNetwork, type Network, withChannels } from './network.js';
import { openRun } from './run.js';
import type { Experiment } from './schema.js';
import { describeStages, stagesOf as progressiveStages } from './stages.js';
import { type Batched, createTrainLoader, isBatched, withFullBatch } from './trainLoader.js';
import { loadStart, type Startable } from './weights.js';

export interface TrainExperimentOptions {
  /** Folder of the run. */
  readonly out: string;
  /** Continues the run in `out`. */
  readonly resume: boolean;
  /** Name of the engine that is open, for the record. */
  readonly engine: string;
  /** Threads of the engine, for the record. */
  readonly threads?: ThreadCounts;
  /** As it was typed, for the record. Defaults to none. */
  readonly command?: string;
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
  /** Runs the code that a teacher names although no config of this user named it. Defaults to false. */
  readonly allowModules?: boolean | undefined;
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
  const { experiment, network } = await startNetwork(named, train, { ...options, say });
  try {
    // A batch that was chosen is recorded, so that a resumed run has the same.
    const config = named.train.batchSize === 'auto' ? { ...named, train: experiment.train } : named;
    return await trainNetwork(experiment, network, { train, val, config }, { ...options, held });
  } finally {
    network.dispose();
  }
}

/** Where the weights come from. */
type StartOptions = Pick<TrainExperimentOptions, 'out' | 'resume' | 'offline' | 'say'>;

/** The network of an experiment for its training images, with what it starts from; the caller disposes it. */
async function startNetwork(
  named: Experiment,
  train: Dataset,
  options: StartOptions,
): Promise<{ readonly experiment: Batched; readonly network: Network }> {
  const { say } = options;
  const full = withFullBatch(named, train.size, say);
  const network = createNetwork(withChannels(full, train.deep?.channels), train.labels);
  try {
    const { weights, partial } = named.model;
    if (weights === null) say('weights: none, everything starts at random');
    else if (continues(options)) await prepareAsStored(network.model, runFolder(options.out).last);
    else say(await loadStart(network.model, weights, { partial, offline: options.offline, onProgress: say }));
    if (!continues(options)) network.model.preprocessing = await preprocessingFor(train, network.model.preprocessing);
    if (train.deep) say(`intensity: ${describeIntensity(train.deep, network.model.preprocessing)}`);
    return { experiment: await withChosenBatch(full, network, train.size, say), network };
  } catch (error) {
    network.dispose();
    throw error;
  }
}

/** What a sweep takes of a training's options. */
export interface FindRateOptions extends SweepRange, Pick<TrainExperimentOptions, 'offline' | 'signal'> {
  readonly say: (line: string) => void;
  /** Told every step. */
  readonly onStep?: (swept: SweptRate, step: number) => void;
}

/**
 * Losses of an experiment's first steps with rates that rise, and the rate they advise. Nothing is written.
 *
 * @throws EspalierError as `trainExperiment`
 */
export async function findRate(named: Experiment, options: FindRateOptions): Promise<RateAdvice> {
  const say = (line: string): void => options.say(printable(line));
  const train = await openSplit(named, 'train');
  const { problem } = checkLearnable(named, train);
  if (problem) throw learnableError(train, problem);
  const { experiment, network } = await startNetwork(named, train, { ...options, say, out: '', resume: false });
  const loader = createTrainLoader(experiment, network, train, say);
  try {
    const run = { model: network.model, loader, options: { ...trainOptions(experiment), stages: stagesOf(network) } };
    const { signal } = options;
    return adviseRate(await sweepRates({ ...run, ...(signal && { signal }) }, options, options.onStep));
  } finally {
    await loader.dispose();
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

/** Fewer steps of an epoch say too little. */
const [MOST_CHOSEN, STEPS_OF_AN_EPOCH] = [32, 8];

/** `batchSize: auto` as a number. */
async function withChosenBatch(
  experiment: Experiment,
  network: Network,
  images: number,
  say: (line: string) => void,
): Promise<Batched> {
  if (isBatched(experiment)) return experiment;
  if (membership()) throw new ConfigError('train.batchSize: auto is for one process: give a number in a cluster');
  const { batchSize: _, accumulate, ...options } = experiment.train;
  const parts = accumulate <= images ? accumulate : 1;
  const most = Math.min(MOST_CHOSEN, Math.floor(images / STEPS_OF_AN_EPOCH));
  const chosen = await chooseBatch(network, { most, multiple: parts }, { ...options, accumulate: parts });
  const { batchSize, neededBytes, availableBytes } = chosen;
  const gigabytes = (bytes: number): string => (bytes / 2 ** 30).toFixed(1);
  say(
    `batchSize: ${batchSize}, of ${images} images; a step needs ${gigabytes(neededBytes)} of the ${gigabytes(availableBytes)} GiB that are free`,
  );
  const referenceBatch = experiment.train.referenceBatch ?? DEFAULT_BATCH;
  return { ...experiment, train: { ...experiment.train, batchSize, accumulate: parts, referenceBatch } };
}

function describeClasses({ task, data }: Experiment, { labels }: Dataset): string {
  const names = labels.classes.map(({ name }) => name);
  const isAdded =
    TASKS[task].addsBackground === true && names.includes(BACKGROUND) && !data.classes.includes(BACKGROUND);
  return names.map(shownName).join(', ') + (isAdded ? ` (${BACKGROUND}: every pixel without one of the others)` : '');
}

/** False for a run that was stopped before its first checkpoint: it starts again, from the pretrained weights. */
function continues({ out, resume }: Pick<TrainExperimentOptions, 'out' | 'resume'>): boolean {
  return resume && existsSync(runFolder(out).last);
}

/** The weights themselves are restored later; images are prepared for them from the first one on. */
async function prepareAsStored(model: Pick<Startable, 'preprocessing'>, checkpoint: string): Promise<void> {
  const stored = await withWeights(checkpoint, ({ metadata }) => preprocessingOf(metadata)).catch(() => null);
  if (stored) model.preprocessing = stored; // a damaged checkpoint is refused where it is restored
}

/** What a training learns from, and the config that is recorded. */
interface TrainedData {
  readonly train: Dataset;
  readonly val: Dataset | null;
  readonly config: Experiment;
}

type HeldOptions = TrainExperimentOptions & { readonly held: HeldRunFolder | null };

/** The stages of a training one after the other: most have one. Each goes on from the checkpoint that the one before it ends with. */
async function trainNetwork(
  experiment: Batched,
  network: Network,
  data: TrainedData,
  options: HeldOptions,
): Promise<TrainResult> {
  const stages = progressiveStages(experiment);
  if (stages.length === 1) return trainStage(experiment, network, network, data, options);
  if (membership()) throw new ConfigError('train.progressive is for one process: leave it out in a cluster');
  options.say(describeStages(stages));
  const costs = stages.map(({ model: { inputSize } }) => inputSize[0] * inputSize[1]);
  const from = continues(options) ? (readCheckpoint(runFolder(options.out).last).metadata.stage ?? 0) : 0;
  if (from < stages.length - 1) await requireLast(experiment, network, data.train);
  for (let index = from; ; index++) {
    const stage = stages[index] ?? experiment;
    const isLast = index >= stages.length - 1;
    const own = isLast ? network : createNetwork(withChannels(stage, data.train.deep?.channels), data.train.labels);
    try {
      if (!isLast) {
        own.model.preprocessing = network.model.preprocessing;
        copyWeights(network.model, own.model);
      }
      const resume = options.resume || index > from;
      const result = await trainStage(stage, own, network, data, { ...options, resume }, { index, costs });
      if (result.reason !== 'stage') return result;
    } finally {
      if (!isLast) own.dispose();
    }
  }
}

/** Asks for the memory of the last stage, the largest, before the first begins. @throws EngineError when it is not there */
async function requireLast(experiment: Batched, network: Network, train: Dataset): Promise<void> {
  const loader = createTrainLoader(experiment, network, train, () => undefined);
  try {
    await requireTrainingMemory(network.model, loader, { ...trainOptions(experiment), stages: stagesOf(network) });
  } finally {
    await loader.dispose();
  }
}

/**
 * @param network  of the stage, which is trained
 * @param measured of the experiment, which is evaluated with the other's weights
 */
async function trainStage(
  experiment: Batched,
  network: Network,
  measured: Network,
  { train, val, config }: TrainedData,
  options: HeldOptions,
  stage?: RunStage,
): Promise<TrainResult> {
  const { out, held, resume, engine, signal, progress, threads, command = null, checkLeaks = false } = options;
  const say = (line: string): void => options.say(printable(line));
  const isWriter = held !== null;
  const teacher = openTeacher(experiment, network, train, options);
  let pictures: Pictures | null = null;
  const cached = openCached(experiment, network, train, say, (batch) => pictures?.batch({ batch, step: 0, epoch: 0 }));
  const loader = cached?.loader ?? createTrainLoader(experiment, network, train, say);
  try {
    const scalars =
      isWriter && experiment.train.tensorboard ? openScalarLog(join(out, 'tensorboard'), config) : undefined;
    pictures =
      isWriter && options.pictures !== false ? await keepPictures(experiment, network, train, out, scalars) : null;
    const watch = pictures && (cached ? { ...pictures, batch: () => undefined } : pictures);
    return await trainRun<unknown>({
      model: cached?.model ?? teacher?.model ?? network.model,
      loader,
      ...(val && {
        evaluate: (stop) => {
          if (measured !== network) copyWeights(network.model, measured.model);
          return measured.measure(val, { signal: stop, onAnswer: pictures?.answer });
        },
        metric: network.task.metric,
        evaluatedImages: val.size,
      }),
      ...(watch ? { watch } : {}),
      ...(scalars ? { alsoLog: scalars } : {}),
      options: { ...trainOptions(experiment), stages: stagesOf(network) },
      config,
      ...(stage ? { stage } : {}),
      ...(cached ? { preprocessing: network.model.preprocessing } : {}),
      shared: { ...shared(experiment), images: train.entries.map(({ id }) => id) },
      labels: train.labels,
      out,
      resume,
      engine,
      origin: originOf(command),
      checkLeaks,
      ...(held ? { held } : {}),
      ...(threads === undefined ? {} : { threads }),
      ...(signal === undefined ? {} : { signal }),
      ...(progress === undefined ? {} : { progress }),
    });
  } finally {
    await loader.dispose();
    cached?.dispose();
    teacher?.dispose();
  }
}

/** The network in training with a term for the answers of `train.teacher`; null: there is none. */
function openTeacher(
  { task, model, train }: Batched,
  network: Network,
  { labels }: Dataset,
  { say, allowModules }: Pick<TrainExperimentOptions, 'say' | 'allowModules'>,
): { readonly model: TrainableModel<unknown>; dispose(): void } | null {
  if (train.teacher === null) return null;
  const run = openRun(train.teacher, { allowModules });
  const names = ({ classes }: LabelMap): string => classes.map(({ name }) => name).join(', ');
  const [own, other] = [network.model.preprocessing, run.network.model.preprocessing];
  const sees = ({ perImage, depth, clip, mean }: Preprocessing): string =>
    JSON.stringify([perImage, depth, clip, mean.length]);
  const problem =
    names(labels) !== names(run.labels)
      ? `it has the classes ${names(run.labels)}, the data ${names(labels)}`
      : sees(own) !== sees(other)
        ? 'it sees images of another kind (data.intensity)'
        : null;
  if (problem !== null) {
    run.dispose();
    throw new ConfigError(`train.teacher: ${train.teacher}: ${problem}: take another run`);
  }
  say(printable(`teacher: ${run.checkpoint}, step ${run.step}`));
  const { isExclusive }: Pick<Task, 'isExclusive'> = TASKS[task];
  const options = {
    isExclusive: isExclusive?.(headSettings(model.head)) === true && !isOverlapping(labels),
    weight: train.teacherWeight,
    temperature: train.teacherTemperature,
  };
  const taught = withTeacher(network.model, run.network.model, options);
  return { model: taught, dispose: run.dispose };
}

async function keepPictures(
  experiment: Experiment,
  { encoder }: Network,
  train: Dataset,
  out: string,
  scalars: ScalarLog | undefined,
): Promise<Pictures> {
  const built = await loadEncoder({ ...encoder, module: builtModule(encoder.module) });
  return createPictures({
    folder: runFolder(out).pictures,
    about: { labels: () => labelStatistics(train), anchors: () => reportAnchors(experiment, train) },
    encoder: built,
    threshold: experiment.evaluate.drawThreshold,
    labels: train.labels,
    alsoShow: scalars?.image,
  });
}

/** What must be the same in every process of a cluster: all but where the data lies and what a machine can do. */
function shared({ task, model, train, augment }: Experiment): object {
  const { workers: _workers, cacheMegabytes: _cacheMegabytes, ...rest } = train;
  return { task, model, train: rest, augment };
}

/** State-dict paths of the stages of a network's backbone that have parameters. */
function stagesOf({ model: { backbone } }: Network): readonly (readonly string[])[] {
  const { name, family } = backbone.architecture;
  const names = [...backbone.parameters.keys()];
  const { stages } = family.architecture(name, { inChannels: 3, outputStride: 32, dropPath: 0 });
  return stages.map(({ paths }) => paths).filter((paths) => names.some((parameter) => isBelow(paths, parameter)));
}

/** The part of the config that the training loop reads. */
export function trainOptions({ train }: Batched): TrainOptions {
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
