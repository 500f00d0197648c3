import { resolve } from 'node:path';
import { openSplit, type SplitName } from '../configs/datasets.js';
import { runOf } from '../configs/openModel.js';
import { decidePostprocess, type Postprocess, writePostprocess } from '../configs/postprocess.js';
import { ConfigError } from '../engine/errors.js';
import { shownName } from '../engine/printable.js';
import { runFolder } from '../training/run/index.js';
import { openAnswering, openDataOf, type RuntimeOptions } from './answering.js';
import { addToCases, DEFAULT_CASES, describeCases, requiredCaseEvaluator, writeCases } from './cases.js';
import { createOutput } from './output.js';
import { describeReport } from './reportText.js';

interface EvaluateCommand extends RuntimeOptions {
  readonly data?: string;
  readonly split?: SplitName;
  /** CSV file of figures per case. */
  readonly cases?: string;
  /** Finds the classes that are better with their largest component alone, and keeps that with the run. */
  readonly keepLargest?: boolean;
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
    for (const { message, isNote } of dataset.warnings) output.note(isNote ? message : `warning: ${message}`);
    output.note(`${split}: ${dataset.size} images; ${source}`);
    const cases = command.cases ?? null;
    const triesLargest = command.keepLargest === true;
    if (triesLargest) requireDecidable(experiment, split);
    const settings = experiment?.evaluate.cases ?? DEFAULT_CASES;
    const evaluator =
      cases === null && !triesLargest
        ? null
        : requiredCaseEvaluator(network.task, labels, triesLargest ? { ...settings, largest: [] } : settings, {
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

async function openOwn(
  experiment: Parameters<typeof openSplit>[0],
  { data, split = experiment.evaluate.split }: EvaluateCommand,
  labels: NonNullable<Parameters<typeof openSplit>[2]>,
) {
  const root = data === undefined ? experiment.data.root : resolve(data);
  return { dataset: await openSplit({ ...experiment, data: { ...experiment.data, root } }, split, labels), split };
}
