import { existsSync, realpathSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { stringify } from 'yaml';
import type { AnsweringNetwork } from '../configs/network.js';
import { isNetworkFile } from '../configs/networkFile.js';
import { openReleased, runOf } from '../configs/openModel.js';
import { type AnsweredSetOptions, configOfSet, createAnsweredSet, requireNewSet } from '../datasets/answeredSet.js';
import type { LabelMap } from '../datasets/sample.js';
import { didYouMean } from '../datasets/suggestion.js';
import { isVolumeName, volumeStem } from '../datasets/volumes/readVolume.js';
import { collectWarnings } from '../datasets/warnings.js';
import { ConfigError, DataError } from '../engine/errors.js';
import { writeWhole } from '../engine/files/write.js';
import { shownName } from '../engine/printable.js';
import { isWeightsName, WEIGHTS_NAMES } from '../pretrained/catalogue.js';
import { findReleased, isClassifier, RELEASED_NAMES, type ReleasedWeights } from '../pretrained/index.js';
import { requireName } from '../training/run/index.js';
import { openAnswering, type RuntimeOptions } from './answering.js';
import { classifyImages } from './classify/classify.js';
import { openEngine } from './engine.js';
import { imageFiles } from './imageInputs.js';
import { createOutput, type Output } from './output.js';
import { createPanopticWriter } from './panopticFile.js';
import { drawingOf, freePlace, showPrediction, writeDrawing, writeMask } from './prediction.js';
import { rangeOf, type Shard } from './shards.js';
import { casesOf, leaveMasks, showVolume, volumeMasks, type Window, writeVolumeMask } from './volumePrediction.js';

interface PredictCommand extends RuntimeOptions {
  readonly out?: string;
  readonly threshold?: number;
  /** Folder of class maps. */
  readonly masks?: string;
  /** Folder of a data set whose truths are the answers. */
  readonly asDataset?: string;
  /** Slice of a volume that is drawn, from 0; below, the values that are drawn from black to white. */
  readonly slice?: number;
  readonly window?: Window;
  readonly offline?: boolean;
  readonly json?: boolean;
  readonly allowModules?: boolean;
  readonly shard?: Shard;
}

/** A shard of the files, and how many lie before it. */
interface Part {
  readonly part?: { readonly shard: Shard; readonly before: number } | undefined;
}

/** Folder of the drawings where none is given. */
const DRAWINGS = 'predictions';
/** Guesses of a classifier that are reported. */
const TOP = 5;

/** Answers for images: a classifier of the catalogue or of a converted file names them, a trained run finds what it learned and draws it. */
export async function predict(named: string, images: readonly string[], command: PredictCommand): Promise<void> {
  const output = createOutput(command.json === true);
  const all = await imageFiles(images);
  const { shard } = command;
  const [before, end] = shard === undefined ? [0, all.length] : rangeOf(shard, all.length, 1);
  const files = all.slice(before, end);
  const part = shard && { shard, before };
  const model = runOf(named);
  const isTrained = isNetworkFile(model) || (existsSync(model) && statSync(model).isDirectory());
  const isOwn = isWeightsName(model) || existsSync(model);
  const released = isOwn ? undefined : findReleased(model);
  if (!isOwn && !released) {
    const names = [...WEIGHTS_NAMES, ...RELEASED_NAMES];
    throw new ConfigError(`'${model}' is neither a run nor published weights${didYouMean(model, names)}`);
  }
  const namesImages = released ? isClassifier(released) : !isTrained;
  if (namesImages && command.asDataset !== undefined) {
    throw new ConfigError(`--as-dataset is for the classes of a data set: give a run, not the classifier ${model}`);
  }
  if (command.asDataset !== undefined) requireNewSet(command.asDataset);
  else if (!namesImages) {
    refuseOverwriting(files, command);
    leaveNames(all.slice(0, before), command);
  }
  if (isTrained) {
    const count = all.some(isVolume) ? undefined : Math.max(1, all.length);
    const opened = await openAnswering(model, { ...command, images: count }, output);
    try {
      const threshold = command.threshold ?? opened.threshold;
      await answer(opened.network, opened.labels, files, { ...command, threshold, part }, output);
    } finally {
      opened.network.dispose();
    }
    return;
  }
  const { engine, ...rest } = command;
  if (engine === 'onnxruntime')
    throw new ConfigError(
      `${model} is no run: onnxruntime runs runs, and files of espalier export; leave --engine out`,
    );
  await openEngine({ ...rest, ...(engine === undefined ? {} : { engine }) }, output);
  if (released && !namesImages) return detect(released, files, { ...command, part }, output);
  return classify(model, files, command, output);
}

const isVolume = (file: string): boolean =>
  isVolumeName(file) || statSync(file, { throwIfNoEntry: false })?.isDirectory() === true;

/** Names that the shards before give to what they write for files of one name in different folders. */
function leaveNames(before: readonly string[], { out = DRAWINGS, masks }: PredictCommand): void {
  for (const file of before) {
    freePlace(isVolume(file) ? `${volumeStem(file)}.png` : file, out);
    if (masks === undefined) continue;
    if (isVolume(file)) leaveMasks(file, masks);
    else freePlace(file, masks);
  }
}

/** A published detector, with the classes of COCO. */
async function detect(
  entry: ReleasedWeights,
  files: readonly string[],
  command: PredictCommand & Part,
  output: Output,
): Promise<void> {
  const offline = command.offline === true;
  const options = { offline, onProgress: output.note };
  const { network, labels, threshold } = await openReleased(entry, {
    batch: command.batch,
    ...options,
    ...(command.threshold === undefined ? {} : { threshold: command.threshold }),
  });
  try {
    await answer(network, labels, files, { ...command, threshold }, output);
  } finally {
    network.dispose();
  }
}

/** What is written for an image has its name: in the image's own folder it would replace it. */
function refuseOverwriting(files: readonly string[], { out = DRAWINGS, masks }: PredictCommand): void {
  requireName(out);
  const images = new Set(files.filter((file) => existsSync(file)).map((file) => realpathSync(file)));
  const isImage = (path: string): boolean => existsSync(path) && images.has(realpathSync(path));
  const drawing = files.map((file) => drawingOf(file, out)).find(isImage);
  if (drawing !== undefined)
    throw new ConfigError(`the drawing ${drawing} would replace an image: choose another folder with --out`);
  if (masks === undefined) return;
  const mask = files.flatMap((file) => [drawingOf(file, masks), ...volumeMasks(file, masks)]).find(isImage);
  if (mask !== undefined)
    throw new ConfigError(`the mask ${mask} would replace an image: choose another folder with --masks`);
  if (resolve(masks) === resolve(out))
    throw new ConfigError(
      `drawings and masks have the names of their images: choose another folder than ${out} with --masks`,
    );
}

async function classify(
  name: string,
  files: readonly string[],
  command: PredictCommand,
  output: Output,
): Promise<void> {
  const offline = command.offline === true;
  const warnings = collectWarnings();
  const options = { offline, onProgress: output.note, top: TOP, onNote: warnings.notePixels };
  const results = await classifyImages(name, files, options);
  const text = results.map(({ image, top }) =>
    [shownName(image), ...top.map(({ label, probability }) => `  ${probability.toFixed(4)}  ${shownName(label)}`)].join(
      '\n',
    ),
  );
  for (const { message } of warnings.list()) output.note(`warning: ${message}`);
  output.result(results, text.join('\n'));
}

async function answer(
  network: AnsweringNetwork,
  labels: LabelMap,
  files: readonly string[],
  { threshold, out = DRAWINGS, ...command }: PredictCommand & Part & { readonly threshold: number },
  output: Output,
): Promise<void> {
  const names = labels.classes.map(({ name }) => name);
  if (command.asDataset !== undefined) {
    return label(network, files, { folder: command.asDataset, threshold, labels }, output);
  }
  const results: unknown[] = [];
  const warnings = collectWarnings();
  const panoptic =
    network.task.maskFiles === 'coco-panoptic' && command.masks !== undefined
      ? createPanopticWriter(command.masks, labels, command.part)
      : null;
  const onBad = (_file: string, error: Error): void => {
    output.note(`espalier: ${error.message}`);
    process.exitCode = 1;
  };
  for (const channels of casesOf(files.filter(isVolume), network.volumeChannels())) {
    const [file = ''] = channels;
    try {
      const found = await network.predictVolume(channels, { shown: command.slice ?? null });
      const described = showVolume(found, network.task, names, command.window);
      if (command.masks !== undefined) writeVolumeMask(found, command.masks, names);
      const drawing = writeDrawing(described.drawn, `${volumeStem(file)}.png`, out);
      results.push(described.value);
      const drawn = `drawn: slice ${found.shown.index} of ${found.slices}, ${shownName(drawing)}`;
      output.say(output.json ? drawn : `${described.text}\n  ${drawn}`);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      onBad(file, error);
    }
  }
  const images = files.filter((file) => !isVolume(file));
  for await (const found of network.predict(images, { onNote: warnings.notePixels, onBad })) {
    const described = showPrediction(found, network.task, { names, threshold });
    if (panoptic) panoptic.add(found);
    else if (command.masks !== undefined) writeMask(found, command.masks, names, threshold);
    const drawing = writeDrawing(described.drawn, found.file, out);
    results.push(described.value);
    const drawn = `drawn: ${shownName(drawing)}`;
    output.say(output.json ? drawn : `${described.text}\n  ${drawn}`);
  }
  const segments = panoptic?.finish() ?? null;
  if (segments !== null) output.note(`segments: ${shownName(segments)}`);
  for (const { message } of warnings.list()) output.note(`warning: ${message}`);
  if (output.json) output.result(results, '');
}

/** Answers become the truths of a new data set, for a training on what a network is sure of. */
async function label(
  network: AnsweringNetwork,
  files: readonly string[],
  options: AnsweredSetOptions,
  output: Output,
): Promise<void> {
  const { folder, threshold } = options;
  const { name: task, truth } = network.task;
  const set = createAnsweredSet(truth, options);
  const warnings = collectWarnings();
  const onBad = (_file: string, error: Error): void => {
    output.note(`espalier: ${error.message}`);
    process.exitCode = 1;
  };
  let left = 0;
  for await (const { file, image, result } of network.predict(files, { onNote: warnings.notePixels, onBad })) {
    if (!set.add({ file, width: image.width, height: image.height, result })) left++;
  }
  const { images, data } = set.finish();
  for (const { message } of warnings.list()) output.note(`warning: ${message}`);
  if (left > 0) output.note(`${left} images left out, in which nothing has a score of ${threshold}`);
  const config = configOfSet(folder);
  writeWhole(config, [new TextEncoder().encode(stringify({ task, data: { ...data, root: resolve(folder) } }))]);
  output.result({ images, left, folder, config, data }, `${images} images in ${folder}, read by ${config}`);
}
