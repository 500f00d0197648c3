import { existsSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { decodeImage } from '../datasets/decode/index.js';
import type { ClassMap, LabelMap, Pixels } from '../datasets/sample.js';
import { ConfigError } from '../engine/errors.js';
import type { DescribeOptions, Task } from '../heads/index.js';
import { type LoadAnyOptions, loadWeights } from '../pretrained/files/loadWeights.js';
import { COCO_CLASSES, findReleased, networkOf, type ReleasedWeights } from '../pretrained/index.js';
import { describeLoaded } from '../pretrained/load.js';
import { createNetwork, type Network } from './network.js';
import { parseExperiment } from './read.js';
import { openRun } from './run.js';

/** An image: its file, the bytes of its file, or decoded. */
export type ImageSource = string | Uint8Array | Pixels;

export interface OpenOptions extends Pick<LoadAnyOptions, 'offline' | 'onProgress'> {
  /** Images per step of the network. Defaults to 1: an image is computed alone. */
  readonly batch?: number | undefined;
  /** Lowest score of what is found. Defaults to what the run's config says, or 0.3. */
  readonly threshold?: number;
  /** True: modules of a run that somebody else trained are loaded. Defaults to false. */
  readonly allowModules?: boolean | undefined;
}

/** A trained network, ready to use. An engine must be open as long as it is used. */
export interface OpenedModel<Result> {
  readonly labels: LabelMap;
  readonly task: Task;
  /** @throws DataError for an image that cannot be read */
  predict(image: ImageSource): Promise<Result>;
  dispose(): void;
}

/** An object that was found: pixels of the image, x right, y down, ends exclusive. */
export interface FoundObject {
  readonly label: string;
  /** In 0..1. */
  readonly score: number;
  readonly box: readonly [x1: number, y1: number, x2: number, y2: number];
}

/** The run of a checkpoint: the folder above `checkpoints`. */
export function runOf(model: string): string {
  const folder = dirname(resolve(model));
  return basename(folder) === 'checkpoints' && model.endsWith('.safetensors') ? dirname(folder) : model;
}

/** A network with the classes it was trained for. */
export interface Trained {
  readonly network: Network;
  readonly labels: LabelMap;
  /** Lowest score that is reported where none is asked for. */
  readonly threshold: number;
}

/**
 * Builds a published detector with its weights, which are fetched when they are not in the cache, and the classes of COCO.
 *
 * @throws ConfigError when it is no detector of this library
 */
export async function openReleased(entry: ReleasedWeights, options: OpenOptions = {}): Promise<Trained> {
  const found = networkOf(entry);
  if (!found || !('preset' in found)) {
    throw new ConfigError(`${entry.name} is for ${entry.arch}, which is no detector of this library`);
  }
  const labels = { classes: COCO_CLASSES.map((name, index) => ({ id: index + 1, name: name || `id ${index + 1}` })) };
  const { evaluate, ...rest } = parseExperiment({ model: { preset: found.preset } }, entry.name);
  const network = createNetwork({ ...rest, evaluate: { ...evaluate, batchSize: options.batch ?? 1 } }, labels);
  try {
    const { threshold: _, batch: _batch, allowModules: _allowModules, ...loading } = options;
    const loaded = await loadWeights(network.model, entry.name, loading);
    options.onProgress?.(`weights: ${describeLoaded(loaded)}`);
    return { network, labels, threshold: options.threshold ?? evaluate.drawThreshold };
  } catch (error) {
    network.dispose();
    throw error;
  }
}

async function openTrained(source: string, options: OpenOptions): Promise<Trained> {
  const folder = runOf(source);
  if (existsSync(folder)) {
    const { network, labels, experiment } = openRun(folder, {
      batch: options.batch ?? 1,
      allowModules: options.allowModules,
    });
    return { network, labels, threshold: options.threshold ?? experiment.evaluate.drawThreshold };
  }
  const released = findReleased(source);
  if (released) return openReleased(released, options);
  throw new ConfigError(
    `'${source}' is neither the folder of a run nor published weights: 'espalier weights list' names them`,
  );
}

/**
 * Opens the folder of a run, one of its checkpoints, or a published network by its name, as what it was trained for.
 *
 * @throws ConfigError when there is no such run or network, or it is for another task
 */
async function open<Result>(
  source: string,
  wanted: string,
  read: (result: unknown, task: Task, options: DescribeOptions) => Result,
  options: OpenOptions,
): Promise<OpenedModel<Result>> {
  const { network, labels, threshold } = await openTrained(source, options);
  const { task } = network;
  if (task.name !== wanted) {
    network.dispose();
    throw new ConfigError(`${source} is trained for ${task.name}, not for ${wanted}`);
  }
  const names = labels.classes.map(({ name }) => name);
  return {
    labels,
    task,
    predict: async (image) => {
      const pixels = typeof image === 'string' || image instanceof Uint8Array ? await decodeImage(image) : image;
      const [result] = await network.answer([pixels]);
      return read(result, task, { names, threshold });
    },
    dispose: () => network.dispose(),
  };
}

/**
 * Opens a trained detector: `await detector.predict('photo.jpg')` gives the objects that it finds, best first.
 *
 * @param source folder of a run, one of its checkpoints, or a name of `espalier weights list --task detection`
 * @throws ConfigError when there is no such detector
 */
export function openDetector(source: string, options: OpenOptions = {}): Promise<OpenedModel<readonly FoundObject[]>> {
  return open(
    source,
    'detection',
    (result, { describe }, told) => describe(result, told).value.detections as FoundObject[],
    options,
  );
}

/**
 * Opens a trained segmenter: `await segmenter.predict('photo.jpg')` gives the class of every pixel.
 *
 * @param source folder of a run, or one of its checkpoints
 * @throws ConfigError when there is no such segmenter
 */
export function openSegmenter(source: string, options: OpenOptions = {}): Promise<OpenedModel<ClassMap>> {
  return open(source, 'segmentation', (result) => result as ClassMap, options);
}
