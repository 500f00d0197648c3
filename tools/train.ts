import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { differingKeys } from '../configs/differingKeys.js';
import { taskOf } from '../configs/network.js';
import { isFolder, presetOf, type ReadOptions, readExperiment, readNamed } from '../configs/read.js';
import type { Experiment } from '../configs/schema.js';
import { foldMembers, seedMembers, summaryOf, trainSeries } from '../configs/series.js';
import { trainExperiment } from '../configs/train.js';
import { valueAt } from '../engine/checked.js';
import type { Cluster } from '../engine/collective.js';
import { ConfigError } from '../engine/errors.js';
import { makeFolder, removeEmpty } from '../engine/files/write.js';
import {
  chosenCheckpoint,
  clusterOf,
  duration,
  onInterrupt,
  readCheckpoint,
  requireFreePort,
  requireName,
  runFolder,
} from '../training/run/index.js';
import { commandLine } from './commandLine.js';
import { CONTROLS } from './dashboard/controls.js';
import type { Dashboard } from './dashboard/server.js';
import { type EngineOptions, openEngine } from './engine.js';
import { openTrainer, recordedMember } from './members.js';
import { createOutput, type Output } from './output.js';
import { describeReport } from './reportText.js';
import { holdsFile, makeRunFolder, newestRunFolder } from './runFolder.js';
import { formatTable } from './table.js';

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
  readonly dashboard?: boolean;
  readonly plots?: boolean;
  readonly fold?: number | 'all';
  readonly seeds?: number;
  readonly minutes?: number;
  readonly allowModules?: boolean;
}

/** Trains what a config describes, or what a folder holds; Ctrl-C ends it after the running step, to be continued with --resume. */
export async function train(config: string, command: TrainCommand): Promise<void> {
  const output = createOutput(command.json === true);
  const { data, fold } = command;
  const set = typeof fold === 'number' ? [...command.set, `data.fold=${fold}`] : command.set;
  if (command.out !== undefined) requireName(command.out);
  const { allowModules } = command;
  const { minutes } = command;
  const options = { set, allowModules, minutes, ...(data === undefined ? {} : { data }) };
  const named = await readNamed(config, options);
  if (minutes !== undefined && isFolder(config)) {
    for (const reason of (await presetOf(named, minutes)).reasons) output.note(reason);
  }
  if (fold === 'all' || command.seeds !== undefined) return trainMembers(config, named, command, output);
  const resume = command.resume === true;
  const { task } = clusterOf(clusterSource(command)) ?? { task: 0 };
  const made = command.out === undefined && !resume && task === 0 ? makeRunFolder(config) : null;
  const out = command.out ?? made ?? (resume ? newestRunFolder(config) : '');
  try {
    const experiment = resume ? recordedExperiment(out, config, named, options, output) : named;
    await trainInto(out, experiment, config, command, output);
  } finally {
    if (made !== null) removeEmpty([dirname(made), made]); // it was refused: nothing is in it
  }
}

/** A training for each fold or seed, one after the other. */
async function trainMembers(config: string, named: Experiment, command: TrainCommand, output: Output): Promise<void> {
  const { fold, seeds, resume = false } = command;
  if (fold === 'all' && seeds !== undefined) {
    throw new ConfigError('--fold all and --seeds are two ways to train several times: leave one of them out');
  }
  if (clusterOf(clusterSource(command)) !== null || command.dashboard === true) {
    throw new ConfigError('--fold all and --seeds train one after the other: leave --cluster and --dashboard out');
  }
  const members = fold === 'all' ? foldMembers(named) : seedMembers(named, seeds ?? 1);
  const made = command.out === undefined && !resume ? makeRunFolder(config) : null;
  const out = command.out ?? made ?? newestRunFolder(config, undefined, holdsFile(basename(summaryOf(''))));
  try {
    const trainer = await openTrainer(command, named, output, async (folder) => {
      if (command.plots !== false) await drawPlots(folder, output);
    });
    try {
      const summary = await trainSeries(members, {
        out,
        resume,
        train: trainer.train,
        onFailure: (name, error) => output.note(`espalier: ${name} ${error}`),
        onMember: ({ name, experiment }, isDone) => {
          output.note(isDone ? `${name}: done before` : `run: ${out}/${name}`);
          if (isDone) recordedMember(experiment, join(out, name), command, output);
        },
      });
      if (summary === null) {
        output.note(`stopped: continue with the same command, --out ${out} and --resume`);
        process.exitCode = 1;
        return;
      }
      const rows = Object.entries(summary.figures).map(([figure, { mean, sd, values }]) => {
        return [figure, mean, sd ?? '-', Math.min(...values), Math.max(...values), values.length];
      });
      const table = formatTable(['figure', 'mean', 'sd', 'least', 'most', 'runs'], rows);
      const lost = summary.runs.filter(({ error }) => error !== undefined);
      if (lost.length > 0) process.exitCode = 1;
      const without = lost.map(({ name, reason }) => `${name} ${reason} and is in no figure`).join('\n');
      output.result(
        { out, ...summary },
        [rows.length > 0 ? table : '', without, summaryOf(out)].filter((part) => part).join('\n\n'),
      );
    } finally {
      trainer.dispose();
    }
  } finally {
    if (made !== null) removeEmpty([dirname(made), made]);
  }
}

async function trainInto(
  out: string,
  experiment: Experiment,
  config: string,
  command: TrainCommand,
  output: Output,
): Promise<void> {
  const cluster = await clusterFor(command, experiment, output);
  const { engine, threads, interOpThreads } = await openEngine(engineFor(command, experiment), output, cluster);
  if (!cluster || cluster.task === 0) output.note(`run: ${out}`);
  const interrupt = onInterrupt();
  const isFirst = cluster === undefined || cluster.task === 0;
  const page = command.dashboard === true && isFirst ? await showRun(out, output) : null;
  try {
    const result = await trainExperiment(experiment, {
      out,
      resume: command.resume === true,
      engine,
      say: output.note,
      signal: interrupt.signal,
      threads: { threads, interOpThreads },
      command: commandLine(),
      checkLeaks: command.checkLeaks === true || process.env.NODE_ENV === 'development',
      offline: command.offline === true,
      allowModules: command.allowModules,
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
    if (command.plots !== false && reason !== 'interrupted') await drawPlots(out, output);
    const text = [
      describeReport(report, taskOf(experiment)),
      `${step} steps in ${duration(seconds)}${best ? `; best after step ${best.step}` : ''}; peak memory ${(memory.peakBytes / 2 ** 30).toFixed(2)} GiB, ${memory.tensors} tensors alive`,
      experiment.data[experiment.evaluate.split] === null
        ? `espalier predict ${out} IMAGE`
        : `espalier evaluate ${out}`,
    ];
    output.result({ ...report, run: out, reason, step, seconds, memory }, text.filter((part) => part).join('\n\n'));
  } finally {
    interrupt.dispose();
    await page?.close();
  }
}

/** A run whose pictures cannot be drawn is trained all the same. */
async function drawPlots(out: string, output: Output): Promise<void> {
  const { writePlots } = await import('./plots/plots.js');
  try {
    const { classes } = readCheckpoint(chosenCheckpoint(runFolder(out))).metadata;
    output.note(`plots: ${await writePlots(out, { classes })}`);
  } catch (error) {
    output.note(`warning: no plots: ${error instanceof Error ? error.message : error}`);
  }
}

/** The page of the run while it goes. */
async function showRun(out: string, output: Output): Promise<Dashboard> {
  const { startDashboard } = await import('./dashboard/server.js');
  makeFolder(out);
  const page = await startDashboard({ root: out, port: 0, controls: CONTROLS });
  output.note(`dashboard: ${page.url}`);
  return page;
}

/** `--engine`, or else the config's. */
function engineFor(command: EngineOptions, { engine }: Experiment): EngineOptions {
  return command.engine === undefined && engine !== 'auto' ? { ...command, engine } : command;
}

const clusterSource = ({ cluster, task }: TrainCommand) => ({ cluster, task, tfConfig: process.env.TF_CONFIG });

/** The processes of `--cluster`, or of a launcher's TF_CONFIG. */
async function clusterFor(
  command: TrainCommand,
  { train: { peerTimeout } }: Experiment,
  output: Output,
): Promise<Cluster | undefined> {
  const cluster = clusterOf(clusterSource(command));
  if (cluster === null) return undefined;
  const own = valueAt(cluster.addresses, cluster.task);
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
  const recorded = readExperiment(file, { ...options, isRecorded: true });
  const keys = differingKeys(named, recorded);
  if (keys.length > 0) {
    output.note(`continuing with the config of the run, not ${config}, in ${keys.join(', ')}: --set changes a key`);
  }
  return recorded;
}
