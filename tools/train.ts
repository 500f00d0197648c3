import { readExperiment } from '../configs/read.js';
import { trainExperiment } from '../configs/train.js';
import { duration, onInterrupt } from '../training/run/index.js';
import { type EngineOptions, openEngine } from './engine.js';
import { createOutput } from './output.js';
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
  const experiment = readExperiment(config, data === undefined ? { set } : { set, data });
  const resume = command.resume === true;
  const out = command.out ?? defaultRunFolder(config, resume);
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
