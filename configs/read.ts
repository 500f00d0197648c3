import { resolve } from 'node:path';
import { ConfigError } from '../engine/errors.js';
import { isWeightsPath } from '../pretrained/isWeightsPath.js';
import { checkFiles } from './checkFiles.js';
import { checkKeys } from './checkKeys.js';
import { completeExperiment } from './complete.js';
import { type Override, parseOverride, readDocument } from './document.js';
import { locate } from './locate.js';
import { describeFirst, describeIssues } from './messages.js';
import { loadModules } from './modules.js';
import { type Experiment, experimentSchema } from './schema.js';

export interface ReadOptions {
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
  const overrides: Override[] = (options.set ?? []).map(parseOverride);
  if (options.data !== undefined) {
    overrides.push({ path: ['data', 'root'], value: resolve(options.data), origin: '--data' });
  }
  const document = readDocument(file, overrides);
  const { allowModules = false } = options;
  const loaded = loadModules(document.value, {
    file,
    where: document.where,
    isOwn: options.isRecorded !== true,
    allowModules,
  });
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
  const { data, model } = experiment;
  const weights = model.weights !== null && isWeightsPath(model.weights) ? locate(model.weights, file) : model.weights;
  return { ...experiment, data: { ...data, root: locate(data.root, file) }, model: { ...model, weights } };
}
