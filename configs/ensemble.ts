import { ConfigError } from '../engine/errors.js';
import { headOf, headSettings } from '../heads/index.js';
import { combined } from '../training/views.js';
import { type AnsweringNetwork, answerBatch, answering } from './network.js';
import type { Run } from './run.js';

/**
 * Several trained runs as one network, whose answers are combined; it owns the runs.
 *
 * @throws ConfigError for runs of other tasks or classes than the first, and for tasks whose answers are not combined
 */
export function ensembleOf(runs: readonly [Run, ...Run[]]): AnsweringNetwork {
  const [first] = runs;
  const { task } = first.network;
  const { views } = task;
  if (views === undefined) throw new ConfigError(`answers of ${task.name} are not combined: give one run`);
  const namesOf = ({ labels }: Run): string => labels.classes.map(({ name }) => name).join(', ');
  for (const run of runs) {
    if (run.network.task !== task || namesOf(run) !== namesOf(first)) {
      throw new ConfigError(
        `${run.checkpoint} tells ${run.network.task.name} of ${namesOf(run)}, ${first.checkpoint} ${task.name} of ${namesOf(first)}: give runs of one task and the same classes in one order`,
      );
    }
    if (run.network.isDeep() !== first.network.isDeep()) {
      throw new ConfigError(
        `${run.checkpoint} and ${first.checkpoint} read images at different depths: give runs of one intensity`,
      );
    }
  }
  const { model } = first.experiment;
  const limits = headOf(model.head).limits(headSettings(model.head));
  const predictorOf = (run: Run) => ({
    batchSize: answerBatch(first.experiment),
    predict: async (images: Parameters<AnsweringNetwork['answer']>[0]) => [...(await run.network.answer(images))],
    dispose: () => run.dispose(),
  });
  const [one, ...others] = runs;
  return answering(
    combined([predictorOf(one), ...others.map(predictorOf)], (results) => views.combine(results, limits)),
    task,
    first.labels,
    limits,
    () => first.network.isDeep(),
  );
}
