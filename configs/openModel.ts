import { existsSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { checkOptions, type OptionNames } from '../backbones/settings.js';
import { decodeDeep, decodeImage } from '../datasets/decode/index.js';
import type { ClassMap, LabelMap, Pixels } from '../datasets/sample.js';
import { ConfigError } from '../engine/errors.js';
import type { DescribeOptions, FoundObject, NamedClass, Task } from '../heads/index.js';
import { type LoadAnyOptions, loadWeights } from '../pretrained/files/loadWeights.js';
import { COCO_CLASSES, findReleased, networkOf, type ReleasedWeights } from '../pretrained/index.js';
import { describeLoaded } from '../pretrained/load.js';
import { type MemoryImage, pixelsOf } from '../training/imageSource.js';
import {
  type Answering,
  classMapIn,
  type OpenedModel,
  objectsIn,
  openBytes,
  opened,
} from '../training/openCheckpoint.js';
import { type AnsweringNetwork, createNetwork } from './network.js';
import { isNetworkFile, openNetworkFile, openRunInOnnxRuntime } from './networkFile.js';
import { parseExperiment } from './read.js';
import { type OpenRunOptions, openRun } from './run.js';

/** An image: its file, the bytes of its file, or an image in memory. */
export type ImageSource = string | Uint8Array | Blob | MemoryImage;
/** A trained network: the folder of a run, one of its checkpoints, a published name, or the bytes of a checkpoint. */
export type ModelSource = string | Uint8Array | ArrayBuffer | Blob;

export interface OpenOptions extends Pick<LoadAnyOptions, 'offline' | 'onProgress'> {
  /** Images per step of the network. Defaults to 1: an image is computed alone. */
  readonly batch?: number | undefined;
  /**
   * `onnxruntime`: run by ONNX Runtime, from the optional package onnxruntime-node; ONNX files and bundles of `espalier export` always
   * are. Absent: the engine that is open.
   */
  readonly engine?: 'onnxruntime';
  /** Ways in which every image of a run is seen; their answers are combined. Defaults to what the run's config says. */
  readonly augment?: OpenRunOptions['augment'];
  /** Lowest score of what is found. Defaults to what the run's config says, or 0.3. */
  readonly threshold?: number;
  /** True: modules of a run that somebody else trained are loaded. Defaults to false. */
  readonly allowModules?: boolean | undefined;
}

/** The run of a checkpoint: the folder above `checkpoints`. */
export function runOf(model: string): string {
  const folder = dirname(resolve(model));
  return basename(folder) === 'checkpoints' && model.endsWith('.safetensors') ? dirname(folder) : model;
}

/** A network with the classes it was trained for. */
export interface Trained {
  readonly network: AnsweringNetwork;
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
  const own = { ...evaluate, batchSize: options.batch ?? 1, augment: options.augment ?? evaluate.augment };
  const network = createNetwork({ ...rest, evaluate: own }, labels);
  try {
    const { threshold: _, batch: _batch, engine: _engine, augment: _a, allowModules: _m, ...loading } = options;
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
  if (isNetworkFile(source)) {
    const { network, labels, description } = await openNetworkFile(source);
    return { network, labels, threshold: options.threshold ?? description.threshold };
  }
  if (options.engine === 'onnxruntime') {
    const run = openRun(folder, { batch: options.batch ?? 1, allowModules: options.allowModules });
    try {
      const { network, labels, description } = await openRunInOnnxRuntime(run, options.batch ?? 1);
      return { network, labels, threshold: options.threshold ?? description.threshold };
    } finally {
      run.dispose();
    }
  }
  if (existsSync(folder)) {
    const { network, labels, experiment } = openRun(folder, {
      batch: options.batch ?? 1,
      augment: options.augment,
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

/** The network of a source, for one image at a time. */
async function openAnswering(source: ModelSource, options: OpenOptions): Promise<Answering> {
  checkOptions(options, OPEN_OPTIONS, 'open');
  if (typeof source !== 'string') return openBytes(source, options);
  const { network, labels, threshold } = await openTrained(source, options);
  const { task, answer, dispose, isDeep } = network;
  return { labels, threshold, task, answer, dispose, isDeep };
}

const OPEN_OPTIONS: OptionNames<OpenOptions> = {
  batch: true,
  augment: true,
  engine: true,
  threshold: true,
  allowModules: true,
  offline: true,
  onProgress: true,
};

async function readImage(image: ImageSource, isDeep: boolean): Promise<Pixels> {
  const decode = isDeep ? decodeDeep : decodeImage;
  if (typeof image === 'string' || image instanceof Uint8Array) return decode(image);
  return image instanceof Blob ? decode(new Uint8Array(await image.arrayBuffer())) : pixelsOf(image);
}

const nameOf = (source: ModelSource): string => (typeof source === 'string' ? source : 'the checkpoint');

/**
 * Opens a trained detector: `await detector.predict('photo.jpg')` gives the objects that it finds, best first.
 *
 * @param source folder of a run, one of its checkpoints or the bytes of one, an ONNX file or bundle of `espalier export`, or a name of
 * `espalier weights list --task detection`
 * @throws ConfigError when there is no such detector
 */
export async function openDetector(
  source: ModelSource,
  options: OpenOptions = {},
): Promise<OpenedModel<readonly FoundObject[], ImageSource>> {
  return opened(await openAnswering(source, options), nameOf(source), 'detection', objectsIn, readImage);
}

/**
 * Opens a trained segmenter: `await segmenter.predict('photo.jpg')` gives the class of every pixel.
 *
 * @param source folder of a run, one of its checkpoints or the bytes of one, or an ONNX file or bundle of `espalier export`
 * @throws ConfigError when there is no such segmenter
 */
export async function openSegmenter(
  source: ModelSource,
  options: OpenOptions = {},
): Promise<OpenedModel<ClassMap, ImageSource>> {
  return opened(await openAnswering(source, options), nameOf(source), 'segmentation', classMapIn, readImage);
}

/**
 * Opens a trained classifier: `await classifier.predict('photo.jpg')` gives the most probable classes, best first; where classes do
 * not exclude each other, those from the threshold up.
 *
 * @param source folder of a run, or one of its checkpoints
 * @throws ConfigError when there is no such classifier
 */
export async function openClassifier(
  source: ModelSource,
  options: OpenOptions = {},
): Promise<OpenedModel<readonly NamedClass[], ImageSource>> {
  const read = (result: unknown, { describe }: Task, told: DescribeOptions) =>
    describe(result, told).value.classes as readonly NamedClass[];
  return opened(await openAnswering(source, options), nameOf(source), 'classification', read, readImage);
}
