import { resolve } from 'node:path';
import { openSplit, type SplitName } from '../configs/datasets.js';
import { partOf } from '../datasets/part.js';
import { ConfigError } from '../engine/errors.js';
import { shownName } from '../engine/printable.js';
import type { TaskName } from '../heads/index.js';
import { openAnswering, openDataOf, type RuntimeOptions } from './answering.js';
import { addToCases, DEFAULT_CASES, describeCases, requiredCaseEvaluator, writeCases } from './cases.js';
import { createOutput, type Output } from './output.js';
import { describeReport } from './reportText.js';
import { createAnswersWriter, mergeAnswers, rangeOf, type Shard } from './shards.js';

interface EvaluateCommand extends RuntimeOptions {
  readonly data?: string;
  readonly split?: SplitName;
  /** CSV file of figures per case. */
  readonly cases?: string;
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
  const { network, labels, experiment, origin, source } = await openAnswering(path, command, output);
  try {
    const { dataset, split } =
      experiment === null
        ? await openDataOf(command.data, command.split, labels)
        : await openOwn(experiment, command, labels);
    for (const { message } of dataset.warnings) output.note(`warning: ${message}`);
    output.note(`${split}: ${dataset.size} images; ${source}`);
    if (command.shard !== undefined) {
      const { shard, out } = command;
      if (command.cases !== undefined)
        throw new ConfigError('--cases measures all cases in one process: leave --shard out');
      const range = rangeOf(shard, dataset.size, network.batchSize);
      const file = out ?? `answers-${shard.index}-of-${shard.count}.jsonl.gz`;
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
    const evaluator =
      cases === null ? null : requiredCaseEvaluator(network.task, labels, experiment?.evaluate.cases ?? DEFAULT_CASES);
    const report = await network.measure(dataset, {
      onAnswer: evaluator ? (sample, answer) => addToCases(evaluator, sample, answer) : undefined,
    });
    const perCase = evaluator?.report() ?? null;
    if (perCase && cases !== null) writeCases(cases, perCase);
    const text = describeReport(report, network.task);
    output.result(
      { ...report, ...(perCase && { cases: perCase }), split, images: dataset.size, ...origin },
      perCase ? `${text}\n\n${describeCases(perCase)}\n\nper case: ${cases}` : text,
    );
  } finally {
    network.dispose();
  }
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
