import { differingKeys } from '../configs/differingKeys.js';
import { readExperiment } from '../configs/read.js';
import type { Experiment } from '../configs/schema.js';
import { type Member, type MemberResult, memberResult } from '../configs/series.js';
import { trainExperiment } from '../configs/train.js';
import { onInterrupt, runFolder } from '../training/run/index.js';
import { commandLine } from './commandLine.js';
import { type EngineOptions, openEngine } from './engine.js';
import type { Output } from './output.js';

export interface MemberOptions extends EngineOptions {
  readonly offline?: boolean;
  readonly allowModules?: boolean | undefined;
}

/** Trains one after the other in this process, with one engine. */
export interface Trainer {
  train(member: Member, folder: string, begun: boolean): Promise<Omit<MemberResult, 'name'>>;
  dispose(): void;
}

/** What a training was begun with; a config that has changed since then is told. */
export function recordedMember(
  experiment: Experiment,
  folder: string,
  { allowModules }: Pick<MemberOptions, 'allowModules'>,
  output: Output,
): Experiment {
  const recorded = readExperiment(runFolder(folder).config, { isRecorded: true, allowModules });
  const keys = differingKeys(experiment, recorded);
  if (keys.length > 0) {
    output.note(
      `${folder} has the config that it was begun with, which differs in ${keys.join(', ')}: choose another --out for the config of now`,
    );
  }
  return recorded;
}

/** @param finished called with the folder of each that came to its end */
export async function openTrainer(
  options: MemberOptions,
  { engine: wanted }: Experiment,
  output: Output,
  finished: (folder: string) => Promise<void> = async () => undefined,
): Promise<Trainer> {
  const asked = options.engine === undefined && wanted !== 'auto' ? { ...options, engine: wanted } : options;
  const { engine, threads, interOpThreads } = await openEngine(asked, output);
  const interrupt = onInterrupt();
  return {
    dispose: interrupt.dispose,
    train: async ({ experiment }, folder, begun) => {
      const own = begun ? recordedMember(experiment, folder, options, output) : experiment;
      const result = await trainExperiment(own, {
        out: folder,
        resume: begun,
        engine,
        say: output.note,
        signal: interrupt.signal,
        threads: { threads, interOpThreads },
        command: commandLine(),
        offline: options.offline === true,
        allowModules: options.allowModules,
      });
      if (result.reason !== 'interrupted') await finished(folder);
      return memberResult(result);
    },
  };
}
