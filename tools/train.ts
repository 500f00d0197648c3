import { existsSync } from 'node:fs';
import { differingKeys } from '../configs/differingKeys.js';
import { type ReadOptions, readExperiment } from '../configs/read.js';
import type { Experiment } from '../configs/schema.js';
import { trainExperiment } from '../configs/train.js';
import { duration, onInterrupt, runFolder } from '../training/run/index.js';
import { type EngineOptions, openEngine } from './engine.js';
import { createOutput, type Output } from './output.js';
import { describeReport } from './reportText.js';
import { defaultRunFolder } from './runFolder.js';

interface TrainCommand extends EngineOptions {
  readonly data?: string;
  readonly out?: string;
  readonly set: readonly string[];
  readonly resume?: boolean;
  readonly offline?: boolean;
  readonly json?: boolean;
}

/** Trains what a config describes; Ctrl-C ends it after the running step, to be continued with --resume. */
export async function train(config: string, command: TrainCommand): Promise<void> {
  const output = createOutput(command.json === true);
  const { set, data } = command;
  const options = data === undefined ? { set } : { set, data };
  const named = readExperiment(config, options);
  const resume = command.resume === true;
  const out = command.out ?? defaultRunFolder(config, resume);
  const experiment = resume ? recordedExperiment(out, config, named, options, output) : named;
  const { engine } = await openEngine(command, output);
  output.note(`run: ${out}`);
  const interrupt = onInterrupt();
  try {
    const result = await trainExperiment(experiment, {
      ...{ out, resume, engine, say: output.note, signal: interrupt.signal },
      offline: command.offline === true,
    });
    const { reason, step, seconds, best, latest } = result;
    const report = { ...Object((best ?? latest)?.report) };
    if (reason === 'interrupted') {
      output.note(`stopped after step ${step}: continue with espalier train ${config} --out ${out} --resume`);
      process.exitCode = 1;
    }
    const text = [
      describeReport(report),
      `${step} steps in ${duration(seconds)}; best after step ${best?.step ?? step}`,
      `espalier evaluate ${out}`,
    ];
    output.result({ ...report, run: out, reason, step, seconds }, text.filter((part) => part).join('\n\n'));
  } finally {
    interrupt.dispose();
  }
}

/** What the run was started with, `--set` of then included, so that resuming is exact; `--set` of now still wins. */
function recordedExperiment(
  out: string,
  config: string,
  named: Experiment,
  options: ReadOptions,
  output: Output,
): Experiment {
  const { config: file } = runFolder(out);
  if (!existsSync(file)) return named;
  const recorded = readExperiment(file, options);
  const keys = differingKeys(named, recorded);
  if (keys.length > 0) {
    output.note(`continuing with the config of the run, not ${config}, in ${keys.join(', ')}: --set changes a key`);
  }
  return recorded;
}
