import { existsSync } from 'node:fs';
import { differingKeys } from '../configs/differingKeys.js';
import { type ReadOptions, readExperiment } from '../configs/read.js';
import type { Experiment } from '../configs/schema.js';
import { trainExperiment } from '../configs/train.js';
import type { Cluster } from '../engine/collective.js';
import { clusterOf, duration, onInterrupt, requireFreePort, runFolder } from '../training/run/index.js';
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
  readonly checkLeaks?: boolean;
  readonly cluster?: string;
  readonly task?: number;
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
  const cluster = await clusterFor(command, experiment, output);
  const { engine, threads, interOpThreads } = await openEngine(engineFor(command, experiment), output, cluster);
  output.note(`run: ${out}`);
  const interrupt = onInterrupt();
  try {
    const result = await trainExperiment(experiment, {
      ...{ out, resume, engine, say: output.note, signal: interrupt.signal },
      threads: { threads, interOpThreads },
      checkLeaks: command.checkLeaks === true || process.env.NODE_ENV === 'development',
      offline: command.offline === true,
    });
    const { reason, step, seconds, best, latest, memory } = result;
    const report = { ...Object((best ?? latest)?.report) };
    if (reason === 'interrupted') {
      output.note(`stopped after step ${step}: continue with espalier train ${config} --out ${out} --resume`);
      process.exitCode = 1;
    }
    if (cluster && cluster.task > 0) {
      output.result(
        { task: cluster.task, reason, step, seconds },
        `${step} steps in ${duration(seconds)}; task 0 has the run`,
      );
      return;
    }
    const text = [
      describeReport(report),
      `${step} steps in ${duration(seconds)}${best ? `; best after step ${best.step}` : ''}; peak memory ${(memory.peakBytes / 2 ** 30).toFixed(2)} GiB, ${memory.tensors} tensors alive`,
      experiment.data[experiment.evaluate.split] === null
        ? `espalier predict ${out} IMAGE`
        : `espalier evaluate ${out}`,
    ];
    output.result({ ...report, run: out, reason, step, seconds, memory }, text.filter((part) => part).join('\n\n'));
  } finally {
    interrupt.dispose();
  }
}

/** `--engine`, or else the config's. */
function engineFor(command: EngineOptions, { engine }: Experiment): EngineOptions {
  return command.engine === undefined && engine !== 'auto' ? { ...command, engine } : command;
}

/** The processes of `--cluster`, or of a launcher's TF_CONFIG. */
async function clusterFor(
  { cluster: text, task }: TrainCommand,
  { train: { peerTimeout } }: Experiment,
  output: Output,
): Promise<Cluster | undefined> {
  const cluster = clusterOf({ cluster: text, task, tfConfig: process.env.TF_CONFIG });
  if (cluster === null) return undefined;
  const own = cluster.addresses[cluster.task] as string;
  await requireFreePort(own);
  output.note(
    `cluster: task ${cluster.task} of ${cluster.addresses.length}; whoever reaches port ${own.replace(/^.*:/, '')} of this machine controls this process: keep it inside a trusted network`,
  );
  return { ...cluster, timeoutSeconds: peerTimeout };
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
