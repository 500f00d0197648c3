import { resolve } from 'node:path';
import { openSplit, type SplitName } from '../configs/datasets.js';
import { openRun } from '../configs/run.js';
import { type EngineOptions, openEngine } from './engine.js';
import { createOutput } from './output.js';
import { describeReport } from './reportText.js';

interface EvaluateCommand extends EngineOptions {
  readonly data?: string;
  readonly split?: SplitName;
  readonly batch?: number;
  readonly json?: boolean;
  readonly allowModules?: boolean;
}

/** Measures a trained run on a split of its data, or of data of the same kind elsewhere. */
export async function evaluate(folder: string, command: EvaluateCommand): Promise<void> {
  const output = createOutput(command.json === true);
  await openEngine(command, output);
  const run = openRun(folder, { batch: command.batch, allowModules: command.allowModules });
  try {
    const { data, evaluate: settings } = run.experiment;
    const root = command.data === undefined ? data.root : resolve(command.data);
    const split = command.split ?? settings.split;
    const dataset = await openSplit({ ...run.experiment, data: { ...data, root } }, split, run.labels);
    for (const { message } of dataset.warnings) output.note(`warning: ${message}`);
    output.note(`${split}: ${dataset.size} images; ${run.checkpoint}, step ${run.step}`);
    const report = await run.network.measure(dataset);
    output.result(
      { ...report, split, images: dataset.size, checkpoint: run.checkpoint },
      describeReport(report, run.network.task),
    );
  } finally {
    run.dispose();
  }
}
