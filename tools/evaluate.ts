import { resolve } from 'node:path';
import { openSplit, type SplitName } from '../configs/datasets.js';
import { openAnswering, openDataOf, type RuntimeOptions } from './answering.js';
import { createOutput } from './output.js';
import { describeReport } from './reportText.js';

interface EvaluateCommand extends RuntimeOptions {
  readonly data?: string;
  readonly split?: SplitName;
  readonly json?: boolean;
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
    const report = await network.measure(dataset);
    output.result({ ...report, split, images: dataset.size, ...origin }, describeReport(report, network.task));
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
