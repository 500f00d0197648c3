import { resolve } from 'node:path';
import { openSplit, type SplitName } from '../configs/datasets.js';
import { openAnswering, openDataOf, type RuntimeOptions } from './answering.js';
import { addToCases, DEFAULT_CASES, describeCases, requiredCaseEvaluator, writeCases } from './cases.js';
import { createOutput } from './output.js';
import { describeReport } from './reportText.js';

interface EvaluateCommand extends RuntimeOptions {
  readonly data?: string;
  readonly split?: SplitName;
  /** CSV file of figures per case. */
  readonly cases?: string;
  readonly json?: boolean;
  readonly allowModules?: boolean;
}

/** Measures a trained run, or an exported file, on a split of its data, or of data of the same kind elsewhere. */
export async function evaluate(path: string, command: EvaluateCommand): Promise<void> {
  const output = createOutput(command.json === true);
  const { network, labels, experiment, origin, source } = await openAnswering(path, command, output);
  try {
    const { dataset, split } =
      experiment === null
        ? await openDataOf(command.data, command.split, labels)
        : await openOwn(experiment, command, labels);
    for (const { message } of dataset.warnings) output.note(`warning: ${message}`);
    output.note(`${split}: ${dataset.size} images; ${source}`);
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

async function openOwn(
  experiment: Parameters<typeof openSplit>[0],
  { data, split = experiment.evaluate.split }: EvaluateCommand,
  labels: NonNullable<Parameters<typeof openSplit>[2]>,
) {
  const root = data === undefined ? experiment.data.root : resolve(data);
  return { dataset: await openSplit({ ...experiment, data: { ...experiment.data, root } }, split, labels), split };
}
