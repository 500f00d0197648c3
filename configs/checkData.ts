import { existsSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { type Alike, findAlike, type SplitSurvey, surveySplit } from '../datasets/check/survey.js';
import type { Dataset, Warning } from '../datasets/dataset.js';
import type { SplitName } from '../datasets/formats/index.js';
import { ConfigError } from '../engine/errors.js';
import { openSplit, openValidation } from './datasets.js';
import { checkLearnable } from './learnable.js';
import { parseExperiment, readExperiment, recogniseData } from './read.js';
import type { Experiment } from './schema.js';

/** What was found in a data set. */
export interface DataReport {
  readonly experiment: Experiment;
  readonly splits: readonly SplitSurvey[];
  readonly alike: readonly Alike[];
  /** What was chosen, such as the format. */
  readonly notes: readonly string[];
  readonly warnings: readonly { readonly split: SplitName; readonly code: string; readonly message: string }[];
  /** Why nothing can be learned; null: something can. */
  readonly problem: string | null;
}

/** The experiment of a config, or of a folder that is recognised. @throws ConfigError where nothing is recognised */
export async function experimentOf(path: string): Promise<Experiment> {
  if (!existsSync(path)) throw new ConfigError(`${path}: there is no such folder or config`);
  if (!statSync(path).isDirectory()) return readExperiment(path);
  return parseExperiment(await recogniseData(path), path);
}

/** Opens every split of a data set and looks for what goes wrong silently. @throws EspalierError when it cannot be opened */
export async function checkData(experiment: Experiment): Promise<DataReport> {
  const train = await openSplit(experiment, 'train');
  const val = await openValidation(experiment, train.labels);
  const test =
    experiment.data.test === null ? null : await openSplit(experiment, 'test', train.labels).catch(noTest(experiment));
  const all = [
    { split: 'train', dataset: train },
    { split: 'val', dataset: val },
    { split: 'test', dataset: test },
  ] as const;
  const splits = all.filter(
    (one): one is { readonly split: SplitName; readonly dataset: Dataset } => one.dataset !== null,
  );
  const isSame =
    val !== null &&
    val.entries.length === train.entries.length &&
    val.entries.every(({ id }, i) => id === train.entries[i]?.id);
  const { problem, warnings } = checkLearnable(experiment, train);
  const told = splits.flatMap(({ split, dataset }) => dataset.warnings.map((warning) => ({ split, warning })));
  const same = {
    split: 'val',
    code: 'same-images',
    message: 'validation measures the training images: name others in data.val',
  } as const;
  return {
    experiment,
    splits: splits.map(({ split, dataset }) => surveySplit(split, dataset)),
    alike: await findAlike(isSame ? splits.slice(0, 1) : splits),
    notes: told.filter(({ warning }) => warning.isNote).map(({ split, warning }) => `${split}: ${warning.message}`),
    warnings: [
      ...told.filter(({ warning }) => !warning.isNote).map(({ split, warning }) => ({ split, ...pick(warning) })),
      ...warnings.map((message) => ({ split: 'train', code: 'learnable', message }) as const),
      ...(isSame ? [same] : []),
    ],
    problem: problem?.message ?? null,
  };
}

const pick = ({ code, message }: Warning) => ({ code, message });

/** No test images are no fault, unless the config names some. */
const noTest =
  ({ data }: Experiment) =>
  (error: unknown): null => {
    if (data.test === 'auto' && error instanceof ConfigError) return null;
    throw error;
  };

/** A commented config for a data set. @param root as it is written */
export function renderConfig({ experiment, splits, notes }: DataReport, root: string): string {
  const { task, data } = experiment;
  const [train] = splits;
  const classes = train?.classes.map(({ name }) => JSON.stringify(name)).join(', ') ?? '';
  const side = Math.min(512, Math.max(128, Math.ceil((train?.sides[1] ?? 320) / 64) * 64));
  const batch = Math.min(8, train?.images ?? 8);
  return `# ${notes.join('; ') || `${train?.images ?? 0} training images`}
# Every key with its default: configs/reference.yaml
task: ${task}
data:
  kind: ${data.kind}
  root: ${JSON.stringify(root)}
  # ${splits.map(({ split, images }) => `${split}: ${images} images`).join(', ')}; write train: 0.8 for a share, val: null for none
  # classes: [${classes}] # those of the data; name some to learn only these
model:
  inputSize: [${side}, ${side}] # height, width; larger finds smaller objects and takes longer
train:
  epochs: 50
  batchSize: ${batch}
`;
}

/** Where a config of a folder is written. */
export const configName = (folder: string): string => `${basename(resolve(folder))}.yaml`;
