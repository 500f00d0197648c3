import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openSplit, type SplitName } from '../configs/datasets.js';
import { ensembleOf } from '../configs/ensemble.js';
import { type AnsweringNetwork, answerBatch } from '../configs/network.js';
import { isNetworkFile, type OpenedFile, openNetworkFile, openRunInOnnxRuntime } from '../configs/networkFile.js';
import { readExperiment } from '../configs/read.js';
import { openRun, type Run, readRunConfig } from '../configs/run.js';
import type { Experiment } from '../configs/schema.js';
import type { Dataset } from '../datasets/dataset.js';
import type { LabelMap } from '../datasets/sample.js';
import type { EngineName } from '../engine/engine.js';
import { ConfigError } from '../engine/errors.js';
import { runFolder } from '../training/run/index.js';
import { openEngine } from './engine.js';
import type { Output } from './output.js';

/** What a command may say of how a network runs. */
export interface RuntimeOptions {
  /** Modules of a run that somebody else trained are loaded. */
  readonly allowModules?: boolean;
  readonly engine?: EngineName | 'onnxruntime';
  readonly threads?: number;
  /** Images of a step. */
  readonly batch?: number;
  /** Images that there are to answer: a step that `batch` does not fix is no larger. */
  readonly images?: number | undefined;
  /** Side of the tiles of large images, pixels. */
  readonly tile?: number;
  /** True: answers are those of the network alone, without what was decided to help afterwards. */
  readonly keepsAll?: boolean;
  /** True: every image is seen mirrored, too. */
  readonly flip?: boolean;
  /** Further runs whose answers are combined with the first one's. */
  readonly with?: readonly string[];
}

const RUNTIME = 'onnxruntime';
const NOTE = 'engine: onnxruntime (CPU)';

/** A network with the classes it answers. */
export interface Answering {
  readonly network: AnsweringNetwork;
  readonly labels: LabelMap;
  /** Lowest score that is reported where none is asked for. */
  readonly threshold: number;
  /** What it was read from; null: an exported file. */
  readonly experiment: Experiment | null;
  /** What its weights are from, for machines. */
  readonly origin: { readonly checkpoint: string } | { readonly file: string };
  /** The same for people. */
  readonly source: string;
}

/**
 * Opens an exported file in ONNX Runtime, or the folder of a run on the engine asked for; ONNX Runtime runs both.
 *
 * @throws ConfigError when the file cannot run on that engine, or fits another number of images
 */
export async function openAnswering(path: string, options: RuntimeOptions, output: Output): Promise<Answering> {
  const { engine, threads, batch, images: most, tile, flip, allowModules, keepsAll, with: others = [] } = options;
  if (others.length > 0 && (isNetworkFile(path) || engine === RUNTIME))
    throw new ConfigError(`--with combines runs on an engine of training: leave it out for ${RUNTIME}`);
  if (isNetworkFile(path)) {
    if (engine !== undefined && engine !== RUNTIME)
      throw new ConfigError(`${path} runs on ${RUNTIME}, not on ${engine}: leave --engine out, or give the run`);
    const opened = await openNetworkFile(path, { threads });
    const { description, labels, network } = opened;
    refuseBatch(opened, path, batch);
    output.note(NOTE);
    return {
      network,
      labels,
      threshold: description.threshold,
      experiment: null,
      origin: { file: path },
      source: path,
    };
  }
  const named = engine === RUNTIME ? {} : { ...(engine === undefined ? {} : { engine }) };
  await openEngine({ ...named, ...(threads === undefined ? {} : { threads }) }, output);
  const augment = flip ? { flip, scales: [1] } : undefined;
  const open = (folder: string) => openRun(folder, { batch, images: most, tile, augment, allowModules, keepsAll });
  const run = open(path);
  const { experiment, labels } = run;
  const about = {
    labels,
    threshold: experiment.evaluate.drawThreshold,
    experiment,
    origin: { checkpoint: run.checkpoint },
    source: `${run.checkpoint}, step ${run.step}`,
  };
  if (others.length > 0) return { ...about, network: joined(run, others, open) };
  if (engine !== RUNTIME) return { ...about, network: { ...run.network, dispose: () => run.dispose() } };
  try {
    const images = batch ?? answerBatch(experiment);
    const { network } = await openRunInOnnxRuntime(run, images, { threads });
    output.note(NOTE);
    return { ...about, network };
  } finally {
    run.dispose();
  }
}

/** Nothing stays open of runs that do not go together. */
function joined(run: Run, others: readonly string[], open: (folder: string) => Run): AnsweringNetwork {
  const runs: [Run, ...Run[]] = [run];
  try {
    for (const other of others) runs.push(open(other));
    return ensembleOf(runs);
  } catch (error) {
    for (const one of runs) one.dispose();
    throw error;
  }
}

function refuseBatch({ description, network }: OpenedFile, path: string, batch: number | undefined): void {
  const own = description.input.batch;
  if (batch === undefined || batch === own) return;
  network.dispose();
  throw new ConfigError(
    `${path} takes ${own === 1 ? '1 image' : `${own} images`} a call, not ${batch}: export it with --batch ${batch}, or leave --batch out`,
  );
}

/**
 * The images that an exported file is measured on: a split of the data of a config, or of a run.
 *
 * @throws ConfigError when nothing names them
 */
export async function openDataOf(
  source: string | undefined,
  split: SplitName | undefined,
  labels: LabelMap,
  allowModules?: boolean | undefined,
): Promise<{ readonly dataset: Dataset; readonly split: SplitName }> {
  if (source === undefined)
    throw new ConfigError('an exported file does not say what to measure it on: give a config or a run with --data');
  const isRun = existsSync(join(source, 'config.json'));
  const experiment = isRun
    ? readRunConfig(runFolder(source).config, allowModules)
    : readExperiment(source, { allowModules });
  const chosen = split ?? experiment.evaluate.split;
  return { dataset: await openSplit(experiment, chosen, labels), split: chosen };
}
