import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { stringify } from 'yaml';
import { surveySplit } from '../datasets/check/survey.js';
import { describeUnrecognised, FORMATS, recognise } from '../datasets/formats/index.js';
import { ConfigError } from '../engine/errors.js';
import { TASKS } from '../heads/index.js';
import { isWeightsPath } from '../pretrained/isWeightsPath.js';
import { checkFiles } from './checkFiles.js';
import { checkKeys } from './checkKeys.js';
import { completeExperiment } from './complete.js';
import { openSplit } from './datasets.js';
import { type ConfigDocument, documentOf, type Override, parseOverride, readDocument } from './document.js';
import { locate } from './locate.js';
import { describeFirst, describeIssues } from './messages.js';
import { loadModules } from './modules.js';
import { type Preset, presetFor } from './preset.js';
import { type Experiment, experimentSchema } from './schema.js';

export interface ReadOptions {
  /** Time to train in: replaces `train.minutes` and `train.epochs`; of a folder without a config also head, size and schedule follow. */
  readonly minutes?: number | undefined;
  /** `key.path=value` texts of `--set`, later ones win. */
  readonly set?: readonly string[];
  /** `--data DIR`: replaces data.root. */
  readonly data?: string;
  /** True: the file was recorded by a run, so that the code it names may be somebody else's. Defaults to false. */
  readonly isRecorded?: boolean;
  /** True: modules that changed since the config was recorded are taken as they are now. Defaults to false. */
  readonly allowModules?: boolean | undefined;
}

/**
 * Reads an experiment and checks it: keys and types, keys against each other, and that its files exist.
 * `data.root` and a weight file come back as absolute paths.
 *
 * @throws ConfigError with one `file:line:column: message` line per finding
 */
export function readExperiment(file: string, options: ReadOptions = {}): Experiment {
  const { minutes } = options;
  const timed = minutes === undefined ? [] : [`train.minutes=${minutes}`, 'train.epochs=null'];
  const overrides: Override[] = [...timed, ...(options.set ?? [])].map(parseOverride);
  if (options.data !== undefined) {
    overrides.push({ path: ['data', 'root'], value: resolve(options.data), origin: '--data' });
  }
  return experimentIn(readDocument(file, overrides), file, options);
}

/** Weights that a folder without a config starts from: those of the default backbone. */
const START = 'efficientnet-lite0';

/**
 * The experiment of a folder that is recognised: what it holds is learned, from ImageNet's weights.
 *
 * @throws ConfigError where no format recognises it
 */
export async function readFolder(folder: string, { set = [], minutes }: ReadOptions = {}): Promise<Experiment> {
  const { task, data } = await recogniseData(folder);
  const of = (more: object): Experiment =>
    experimentIn(documentOf(folder, stringify({ task, data, ...more }), set.map(parseOverride)), folder);
  const plain = of({ model: { weights: START } });
  if (minutes === undefined) return plain;
  const { model, train } = await presetOf(plain, minutes);
  return of({ model: { weights: START, ...model }, train });
}

/** What the training images of an experiment and the time there is advise. @throws as `openSplit` */
export async function presetOf(experiment: Experiment, minutes: number): Promise<Preset> {
  return presetFor(experiment.task, surveySplit('train', await openSplit(experiment, 'train')), minutes);
}

/** A data set without a config. */
export const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

/** The experiment of a config file, or of a folder of data. @throws ConfigError as the two */
export async function readNamed(config: string, options: ReadOptions = {}): Promise<Experiment> {
  return isFolder(config) ? readFolder(resolve(config), options) : readExperiment(config, options);
}

/** What is learned from a folder, and the keys of `data` that read it. @throws ConfigError where no format recognises it */
export async function recogniseData(folder: string): Promise<{ readonly task: string; readonly data: object }> {
  const found = await recognise(FORMATS, folder, null);
  if (!('format' in found)) {
    throw new ConfigError(`${folder} is no data set that is recognised, ${describeUnrecognised(found)}`);
  }
  const task = Object.values(TASKS).find(({ truth }) => truth === found.truth)?.name ?? '';
  return { task, data: { kind: found.format.kind, root: resolve(folder), ...found.keys } };
}

function experimentIn(document: ConfigDocument, file: string, options: ReadOptions = {}): Experiment {
  const { allowModules = false, isRecorded = false } = options;
  const loaded = loadModules(document.value, { file, where: document.where, isOwn: !isRecorded, allowModules });
  const value = completeExperiment(loaded);
  const parsed = experimentSchema.safeParse(value);
  if (!parsed.success) throw new ConfigError(describeIssues({ ...document, value }, parsed.error.issues));
  const experiment = resolvePaths(parsed.data, file);
  const keys = checkKeys(experiment);
  const problems = keys.length > 0 ? keys : checkFiles(experiment);
  if (problems.length === 0) return experiment;
  throw new ConfigError(describeFirst(problems, ({ path, message }) => `${document.where(path)}: ${message}`));
}

/**
 * The experiment of a run, as it was recorded beside its checkpoints.
 *
 * @param origin       the file that it was read from
 * @param allowModules true: code that the experiment names is run although no config of this user named it
 * @throws ConfigError for what is no experiment, and for modules that are missing, changed or not allowed
 */
export function parseExperiment(value: unknown, origin: string, allowModules = false): Experiment {
  const loaded = loadModules(value, { file: origin, where: () => origin, isOwn: false, isForUse: true, allowModules });
  const complete = completeExperiment(loaded);
  const parsed = experimentSchema.safeParse(complete);
  if (parsed.success) return parsed.data;
  throw new ConfigError(describeIssues({ value: complete, where: () => origin }, parsed.error.issues));
}

/** A config names paths from where the command is given, or else from where the file lies. */
function resolvePaths(experiment: Experiment, file: string): Experiment {
  const { data, model, train } = experiment;
  const teacher = train.teacher === null ? null : locate(train.teacher, file);
  const weights = model.weights !== null && isWeightsPath(model.weights) ? locate(model.weights, file) : model.weights;
  return {
    ...experiment,
    data: { ...data, root: locate(data.root, file) },
    model: { ...model, weights },
    train: { ...train, teacher },
  };
}
