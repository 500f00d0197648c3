import { existsSync } from 'node:fs';
import { withoutDrawing } from '../backbones/parameters.js';
import type { LabelMap } from '../datasets/sample.js';
import { ConfigError } from '../engine/errors.js';
import { readJson } from '../engine/files/read.js';
import { loadCheckpoint } from '../training/index.js';
import { chosenCheckpoint, readCheckpoint, requireOwn, runFolder } from '../training/run/index.js';
import { answerBatch, createNetwork, type Network, withChannels } from './network.js';
import { readPostprocess } from './postprocess.js';
import { parseExperiment } from './read.js';
import type { Experiment } from './schema.js';

/** A trained network as it was kept. */
export interface Run {
  readonly network: Network;
  readonly experiment: Experiment;
  /** The classes it was trained with. */
  readonly labels: LabelMap;
  /** The checkpoint in use: the best, or the last of a run that was not evaluated. */
  readonly checkpoint: string;
  /** Completed steps of the checkpoint. */
  readonly step: number;
  dispose(): void;
}

export interface OpenRunOptions {
  /** Images per step. Defaults to what the run's config says. */
  readonly batch?: number | undefined;
  /** Images that there are to answer: a step that `batch` does not fix is no larger, but for tiles of a side of one's own. Defaults to any number. */
  readonly images?: number | undefined;
  /** True: parts of modules are loaded although no config of this user named them as they are. Defaults to false. */
  readonly allowModules?: boolean | undefined;
  /** Side of the tiles of large images, pixels. Defaults to what the run's config says. */
  readonly tile?: number | undefined;
  /** True: answers are those of the network alone, without what was decided to help afterwards. Defaults to false. */
  readonly keepsAll?: boolean | undefined;
  /** Ways in which every image is seen. Defaults to what the run's config says. */
  readonly augment?: Experiment['evaluate']['augment'] | undefined;
  /** [height, width] of the network's input, pixels. Defaults to that of the run's config. */
  readonly inputSize?: readonly [height: number, width: number] | undefined;
}

/**
 * Opens the folder of a run: its config, and the averaged weights of its best checkpoint. An engine must be open.
 *
 * @throws ConfigError when the folder is no run; WeightsError when the checkpoint is damaged or another run's
 */
export function openRun(
  folder: string,
  { batch, images, tile, augment, inputSize, allowModules, keepsAll = false }: OpenRunOptions = {},
): Run {
  const files = runFolder(folder);
  if (!existsSync(files.config)) {
    throw new ConfigError(`${folder} is no folder of a run: give the one that espalier train --out wrote`);
  }
  const checkpoint = chosenCheckpoint(files);
  const stored = readCheckpoint(checkpoint);
  requireOwn(files, checkpoint, stored);
  const trained = readRunConfig(files.config, allowModules);
  const resized = { ...trained, model: { ...trained.model, inputSize } };
  const experiment = inputSize === undefined ? trained : parseExperiment(resized, 'the size asked for', allowModules);
  const labels: LabelMap = { classes: stored.metadata.classes };
  const { cases } = experiment.evaluate;
  const largest = keepsAll ? [] : (readPostprocess(files.postprocess, labels)?.largest ?? cases.largest);
  const tiled = tile ?? experiment.evaluate.tile;
  const most = typeof tiled === 'number' ? undefined : images;
  const own = most === undefined ? experiment.evaluate.batchSize : Math.min(most, answerBatch(experiment));
  const evaluate = {
    ...experiment.evaluate,
    cases: { ...cases, largest },
    batchSize: batch ?? own,
    tile: tiled,
    augment: augment ?? experiment.evaluate.augment,
  };
  const used = { ...experiment, evaluate };
  const built = withChannels(used, stored.metadata.preprocessing.mean.length);
  const network = withoutDrawing(() => createNetwork(built, labels));
  try {
    loadCheckpoint(network.model, stored);
  } catch (error) {
    network.dispose();
    throw error;
  }
  return {
    network,
    experiment: used,
    labels,
    checkpoint,
    step: stored.metadata.step,
    dispose: () => network.dispose(),
  };
}

/** The config of a run, from its folder. @throws ConfigError when it cannot be read */
export function readRunConfig(file: string, allowModules?: boolean): Experiment {
  const refuse = (problem: string) => new ConfigError(`${file}: cannot be read (${problem})`);
  return parseExperiment(readJson(file, { maxBytes: MAX_BYTES, refuse }), file, allowModules);
}

/** Largest config file. */
const MAX_BYTES = 2 ** 22;
