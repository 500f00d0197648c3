import { dirname } from 'node:path';
import { taskOf } from '../configs/network.js';
import { readNamed } from '../configs/read.js';
import { tune as search } from '../configs/tune.js';
import { removeEmpty } from '../engine/files/write.js';
import { type MemberOptions, openTrainer } from './members.js';
import { createOutput } from './output.js';
import { holdsFile, makeRunFolder, newestRunFolder } from './runFolder.js';
import { formatTable } from './table.js';

interface TuneCommand extends MemberOptions {
  readonly minutes: number;
  readonly trials: number;
  readonly set: readonly string[];
  readonly data?: string;
  readonly out?: string;
  readonly resume?: boolean;
  readonly json?: boolean;
}

/** Searches rate, weight decay and strength of the augmentation within a time, by successive halving. */
export async function tune(config: string, command: TuneCommand): Promise<void> {
  const output = createOutput(command.json === true);
  const { set, data, allowModules, minutes, trials, resume = false } = command;
  const options = { set, allowModules, ...(data === undefined ? {} : { data }) };
  const experiment = await readNamed(config, options);
  const made = command.out === undefined && !resume ? makeRunFolder(config) : null;
  const out = command.out ?? made ?? newestRunFolder(config, undefined, holdsFile('asked.json'));
  const trainer = await openTrainer(command, experiment, output);
  try {
    const tuned = await search(experiment, { out, resume, minutes, trials, say: output.note, train: trainer.train });
    if (tuned === null) {
      output.note(`stopped: continue with the same command, --out ${out} and --resume`);
      process.exitCode = 1;
      return;
    }
    const { metric } = taskOf(experiment);
    const rows = tuned.rungs.flatMap((rung, round) =>
      rung.scores.map(({ trial, score }) => {
        const { rate = 1, decay = 1, strength = 1 } = tuned.trials[trial] ?? {};
        return [`round ${round + 1}`, `trial ${trial}`, rate, decay, strength, score ?? '-'];
      }),
    );
    const table = formatTable(['', '', 'rate x', 'decay x', 'augment x', metric], rows);
    output.result({ out, ...tuned }, `${table}\n\nespalier train ${tuned.file}`);
  } finally {
    trainer.dispose();
    if (made !== null) removeEmpty([dirname(made), made]);
  }
}
