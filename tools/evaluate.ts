import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { openSplit, type SplitName } from '../configs/datasets.js';
import { runOf } from '../configs/openModel.js';
import { decidePostprocess, joinFolds, type Postprocess, writePostprocess } from '../configs/postprocess.js';
import { summaryOf } from '../configs/series.js';
import { partOf } from '../datasets/part.js';
import { naturalOrder } from '../datasets/paths.js';
import { ConfigError } from '../engine/errors.js';
import { shownName } from '../engine/printable.js';
import type { TaskName } from '../heads/index.js';
import { runFolder } from '../training/run/index.js';
import { openAnswering, openDataOf, type RuntimeOptions } from './answering.js';
import { addToCases, DEFAULT_CASES, describeCases, requiredCaseEvaluator, writeCases } from './cases.js';
import { createOutput, type Output } from './output.js';
import { refuseForeign } from './ownFiles.js';
import { describeReport } from './reportText.js';
import { createAnswersWriter, mergeAnswers, rangeOf, type Shard } from './shards.js';

interface EvaluateCommand extends RuntimeOptions {
  readonly data?: string;
  readonly split?: SplitName;
  /** CSV file of figures per case. */
  readonly cases?: string;
  /** Finds the classes that are better with their largest component alone, and keeps that with the run. */
  readonly keepLargest?: boolean;
  readonly shard?: Shard;
  /** File of a shard's answers. */
  readonly out?: string;
  /** Files of shards. */
  readonly merge?: readonly string[];
  readonly json?: boolean;
  readonly allowModules?: boolean;
}

/** Measures a trained run, or an exported file, on a split of its data, or of data of the same kind elsewhere. */
export async function evaluate(path: string | undefined, command: EvaluateCommand): Promise<void> {
  const output = createOutput(command.json === true);
  if (command.merge !== undefined) return merge(path, command.merge, output);
  if (path === undefined)
    throw new ConfigError('name a run or an exported file, or the files of its shards with --merge');
  const triesLargest = command.keepLargest === true;
  if (triesLargest && existsSync(summaryOf(path))) return decideByFolds(path, command, output);
  const opened = await openAnswering(path, { ...command, keepsAll: triesLargest }, output);
  const { network, labels, experiment, origin, source } = opened;
  try {
    const { dataset, split } =
      experiment === null
        ? await openDataOf(command.data, command.split, labels)
        : await openOwn(experiment, command, labels);
    for (const { message, isNote } of dataset.warnings) output.note(isNote ? message : `warning: ${message}`);
    output.note(`${split}: ${dataset.size} images; ${source}`);
    if (command.shard !== undefined) {
      const { shard, out } = command;
      if (command.cases !== undefined)
        throw new ConfigError('--cases measures all cases in one process: leave --shard out');
      const range = rangeOf(shard, dataset.size, network.batchSize);
      const file = out ?? `answers-${shard.index}-of-${shard.count}.jsonl.gz`;
      refuseForeign(file, 'answers', '--out');
      const writer = createAnswersWriter({
        format: 'espalier-answers',
        version: 1,
        task: network.task.name as TaskName,
        classes: labels.classes,
        maxDetections: network.limits.maxDetections,
        about: { split, source, images: dataset.size },
        shard,
        range: [...range],
      });
      await network.measureWith(partOf(dataset, ...range), writer);
      writer.write(file);
      const images = range[1] - range[0];
      return output.result(
        { file, shard, range, images },
        `${shownName(file)}: answers of ${images} of ${dataset.size} images; espalier evaluate --merge measures all`,
      );
    }
    const cases = command.cases ?? null;
    if (cases !== null) refuseForeign(cases, 'cases', '--cases');
    if (triesLargest) requireDecidable(experiment, split);
    const settings = experiment?.evaluate.cases ?? DEFAULT_CASES;
    const evaluator =
      cases === null && !triesLargest
        ? null
        : requiredCaseEvaluator(network.task, labels, settings, {
            triesLargest,
          });
    const report = await network.measure(dataset, {
      onAnswer: evaluator ? (sample, answer) => addToCases(evaluator, sample, answer) : undefined,
    });
    const perCase = evaluator?.report() ?? null;
    if (perCase && cases !== null) writeCases(cases, perCase);
    const decided = perCase && triesLargest ? decidePostprocess(perCase.largest, split) : null;
    if (decided) writePostprocess(runFolder(runOf(path)).postprocess, decided);
    const text = describeReport(report, network.task);
    output.result(
      {
        ...report,
        ...(perCase && { cases: perCase }),
        ...(decided && { largest: decided.largest }),
        split,
        images: dataset.size,
        ...origin,
      },
      [
        text,
        ...(perCase ? [describeCases(perCase)] : []),
        ...(decided ? [describeDecision(decided)] : []),
        ...(cases === null ? [] : [`per case: ${cases}`]),
      ].join('\n\n'),
    );
  } finally {
    network.dispose();
  }
}

/**
 * Decides by the validation cases of all folds of a cross-validation, each of which its own network did not learn from, and keeps that with
 * every fold.
 *
 * @throws ConfigError for a series of other runs
 */
async function decideByFolds(path: string, command: EvaluateCommand, output: Output): Promise<void> {
  const folders = readdirSync(path)
    .filter((name) => /^fold-\d+$/.test(name))
    .sort(naturalOrder)
    .map((name) => join(path, name));
  if (folders.length === 0)
    throw new ConfigError(`${path} has no folds: --keep-largest decides by a run, or by the folds of train --fold all`);
  const folds = [];
  for (const folder of folders) {
    const { network, labels, experiment, source } = await openAnswering(folder, { ...command, keepsAll: true }, output);
    try {
      if (experiment === null) throw new ConfigError(`${folder} is no run`);
      const { dataset } = await openOwn(experiment, { ...command, split: 'val' }, labels);
      output.note(`val: ${dataset.size} images; ${source}`);
      const { cases } = experiment.evaluate;
      const evaluator = requiredCaseEvaluator(network.task, labels, cases, { triesLargest: true });
      await network.measure(dataset, { onAnswer: (sample, answer) => addToCases(evaluator, sample, answer) });
      const { largest, perClass } = evaluator.report();
      const counts = Object.entries(perClass).map(([name, { dice }]) => [name, dice?.cases ?? 0] as const);
      folds.push({ dice: largest, cases: Object.fromEntries(counts) });
    } finally {
      network.dispose();
    }
  }
  const decided = decidePostprocess(joinFolds(folds), `val of ${folders.length} folds`);
  for (const folder of folders) writePostprocess(runFolder(folder).postprocess, decided);
  output.result({ ...decided, folds: folders.length }, `${folders.length} folds. ${describeDecision(decided)}`);
}

/** @throws ConfigError where nothing can be kept with a run, or images that were learned from would decide */
function requireDecidable(experiment: object | null, split: SplitName): void {
  if (experiment !== null && split !== 'train') return;
  const found = experiment === null ? 'an exported file is no run' : 'training images are answered too well';
  throw new ConfigError(`--keep-largest decides on validation images of a run: ${found}; give a run and --split val`);
}

function describeDecision({ dice, largest }: Postprocess): string {
  const figures = Object.entries(dice).map(
    ([name, { answered, kept }]) => `${shownName(name)} ${answered.toFixed(4)}, ${kept.toFixed(4)}`,
  );
  const kept =
    largest.length === 0 ? 'all components are kept' : `kept from now on of ${largest.map(shownName).join(', ')}`;
  return `Mean Dice of the cases as answered, and with the largest component alone: ${figures.join('; ') || 'none'}; ${kept}.`;
}

/** Measures what shards answered. */
async function merge(path: string | undefined, files: readonly string[], output: Output): Promise<void> {
  if (path !== undefined)
    throw new ConfigError(`the files of shards say what was evaluated: leave ${shownName(path)} out`);
  const { header, task, report } = await mergeAnswers(files);
  const { split, source, images } = header.about;
  output.note(`${split}: ${images} images in ${files.length} files; ${source}`);
  output.result({ ...report, split, images, files }, describeReport(report, task));
}

async function openOwn(
  experiment: Parameters<typeof openSplit>[0],
  { data, split = experiment.evaluate.split }: EvaluateCommand,
  labels: NonNullable<Parameters<typeof openSplit>[2]>,
) {
  const root = data === undefined ? experiment.data.root : resolve(data);
  return { dataset: await openSplit({ ...experiment, data: { ...experiment.data, root } }, split, labels), split };
}
