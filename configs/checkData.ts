import { existsSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { takeCensus } from '../datasets/census.js';
import { findLeak } from '../datasets/check/leaks.js';
import { type Finding, finding, findPitfalls, isChosen, pitfallOf } from '../datasets/check/pitfalls.js';
import { type Alike, findAlike, type SplitSurvey, surveySplit } from '../datasets/check/survey.js';
import type { Dataset } from '../datasets/dataset.js';
import type { SplitName } from '../datasets/formats/index.js';
import { ConfigError, DataError } from '../engine/errors.js';
import { printable, shownName } from '../engine/printable.js';
import { type AnchorReport, misfits, reportAnchors } from './anchors.js';
import { openSplit, openValidation } from './datasets.js';
import { checkLearnable, ignoredWord } from './learnable.js';
import { parseExperiment, readExperiment, recogniseData } from './read.js';
import type { Experiment } from './schema.js';

/** What was found in a data set. */
export interface DataReport {
  readonly experiment: Experiment;
  readonly splits: readonly SplitSurvey[];
  readonly alike: readonly Alike[];
  /** What was chosen, such as the format. */
  readonly notes: readonly string[];
  /** What goes wrong without a word, by the number of the pitfall. */
  readonly findings: readonly Finding[];
  /** How well the anchors fit the training objects; null: there are no anchors or no boxes. */
  readonly anchors: AnchorReport | null;
  /** Side of a square input that fits the images, pixels, and the anchors that fit the objects in it; null: those of the head. */
  readonly suggested: { readonly side: number; readonly anchors: AnchorReport['better'] };
  /** Why nothing can be learned; null: something can. */
  readonly problem: string | null;
}

/** The experiment of a config, or of a folder that is recognised. @throws ConfigError where nothing is recognised */
export async function experimentOf(path: string): Promise<Experiment> {
  if (!existsSync(path)) throw new ConfigError(`${path}: there is no such folder or config`);
  if (!statSync(path).isDirectory()) return readExperiment(path);
  return parseExperiment(await recogniseData(path), path);
}

/** Opens every split of a data set and looks for what goes wrong silently. @throws EspalierError for what is no fault of the data */
export async function checkData(experiment: Experiment): Promise<DataReport> {
  try {
    return await checkSplits(experiment);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    const { message, pitfall, file } = error;
    const found = finding(pitfallOf({ pitfall, code: 'bad-record' }), 'train', message, [file], 'error');
    return {
      experiment,
      splits: [],
      alike: [],
      notes: [],
      findings: [found],
      anchors: null,
      suggested: UNKNOWN,
      problem: message,
    };
  }
}

/** For images that could not be opened. */
const UNKNOWN: DataReport['suggested'] = { side: 320, anchors: null };

async function checkSplits(experiment: Experiment): Promise<DataReport> {
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
  const alike = await findAlike(isSame ? splits.slice(0, 1) : splits);
  const anchors = reportAnchors(experiment, train);
  const surveys = splits.map(({ split, dataset }) => surveySplit(split, dataset));
  const side = sideFor(surveys[0]?.sides[1] ?? UNKNOWN.side);
  const { model } = experiment;
  const isFitting = model.inputSize.every((length) => length === side);
  const fitting = isFitting
    ? anchors
    : reportAnchors({ ...experiment, model: { ...model, inputSize: [side, side] } }, train);
  const leaks = splits.slice(1).flatMap(({ split, dataset }): Finding[] => {
    const leak = findLeak(train, dataset, split);
    return leak === null ? [] : [finding(38, split, leak.problem, [], 'error')];
  });
  const findings = [
    ...leaks,
    ...findPitfalls(isSame ? splits.slice(0, 1) : splits, {
      alike,
      ignored: ignoredWord(experiment),
      isFlipped: experiment.augment.flipHorizontal > 0,
    }),
    ...warnings,
    ...(anchors === null ? [] : misfits(anchors)),
    ...splits.slice(1).flatMap(unmeasured),
    ...(isSame && leaks.length === 0
      ? [finding(38, 'val', 'validation measures the training images: name others in data.val')]
      : []),
  ];
  return {
    experiment,
    splits: surveys,
    suggested: { side, anchors: fitting?.better ?? null },
    alike,
    notes: told
      .filter(({ warning }) => isChosen(warning))
      .map(({ split, warning }) => oneLine(`${split}: ${warning.message}`)),
    anchors,
    findings: [...(problem === null ? [] : [problem]), ...merged(findings, problem)],
    problem: problem?.message ?? leaks[0]?.message ?? null,
  };
}

/** Notes become comments of a config, and names in them come from files: a second line would be keys. */
const oneLine = (text: string): string => printable(text).replaceAll(/\s*\n\s*/g, ' ');

/** A side of the input that shows most of an image of this side, in steps of the coarsest stride of a pyramid. */
const sideFor = (median: number): number => Math.min(512, Math.max(128, Math.ceil(median / 64) * 64));

/** Without what the problem says already, and what another finding of the split brings with it. */
function merged(findings: readonly Finding[], problem: Finding | null): readonly Finding[] {
  const has = (split: SplitName, pitfall: number): boolean =>
    findings.some((one) => one.split === split && one.pitfall === pitfall);
  return findings
    .filter(({ pitfall, split }) => pitfall !== problem?.pitfall || split !== problem.split)
    .filter(({ pitfall, split }) => !(BROUGHT_BY[pitfall] ?? []).some((cause) => has(split, cause)))
    .sort((a, b) => a.pitfall - b.pitfall);
}

/** Objects smaller than a cell fit no anchor; classes of another name, or without regions, have nothing to measure. */
const BROUGHT_BY: { readonly [pitfall: number]: readonly number[] } = { 42: [43], 54: [4, 63] };

/** Classes that a split cannot measure. */
function unmeasured({ split, dataset }: { readonly split: SplitName; readonly dataset: Dataset }): Finding[] {
  const { counts, counted } = takeCensus(dataset);
  const absent = dataset.labels.classes.filter((_, index) => counts[index] === 0).map(({ name }) => shownName(name));
  if (absent.length === 0) return [];
  const names = `${absent.slice(0, 5).join(', ')}${absent.length > 5 ? ` and ${absent.length - 5} more` : ''}`;
  return [finding(54, split, `${absent.length} of ${counts.length} classes have no ${counted} to measure: ${names}`)];
}

/** No test images are no fault, unless the config names some. */
const noTest =
  ({ data }: Experiment) =>
  (error: unknown): null => {
    if (data.test === 'auto' && error instanceof ConfigError) return null;
    throw error;
  };

/** A commented config for a data set. @param root as it is written */
export function renderConfig({ experiment, splits, notes, suggested }: DataReport, root: string): string {
  const { task, data } = experiment;
  const [train] = splits;
  const classes = train?.classes.map(({ name }) => JSON.stringify(name)).join(', ') ?? '';
  const { side, anchors } = suggested;
  const head = anchors && JSON.stringify({ kind: experiment.model.head.kind, ...anchors.settings });
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
${head ? `  head: ${head} # anchors that fit ${Math.round(100 * anchors.share)} % of the objects\n` : ''}train:
  epochs: 50
  batchSize: ${batch}
`;
}

/** Where a config of a folder is written. */
export const configName = (folder: string): string => `${basename(resolve(folder))}.yaml`;
