import { RAND_AUGMENT } from '../datasets/transforms/policies/index.js';
import { ConfigError } from '../engine/errors.js';
import { regMaxOf } from '../heads/aligned/config.js';
import type { Experiment } from './schema.js';

/** What sides of an input are multiples of, pixels. */
const MULTIPLE = 32;

/**
 * The stages of a progressive training, first to last: smaller inputs that are changed less, then larger ones that are changed more; the last is the
 * experiment as it is, as is the only one where nothing is progressive.
 *
 * @throws ConfigError beside what is for images of one size
 * @source Tan & Le 2021, arXiv:2104.00298, algorithm 1 and table 6
 */
export function stagesOf<E extends Experiment>(experiment: E): readonly E[] {
  const { progressive, teacher, cachedViews } = experiment.train;
  if (progressive.stages === 1) return [experiment];
  const other = teacher !== null ? 'train.teacher' : cachedViews > 0 ? 'train.cachedViews' : null;
  if (other !== null)
    throw new ConfigError(`train.progressive: ${other} is for images of one size: leave one of them out`);
  const { stages } = progressive;
  return Array.from({ length: stages }, (_, i) =>
    i === stages - 1 ? experiment : stageAt(experiment, progressive, i / (stages - 1)),
  );
}

/** @param share of the way, 0..1 */
function stageAt<E extends Experiment>(
  experiment: E,
  { size, strength }: Experiment['train']['progressive'],
  share: number,
): E {
  const { model, augment } = experiment;
  const grown = (from: number): number => from + (1 - from) * share;
  const sized = (side: number): number => Math.max(MULTIPLE, Math.round((side * grown(size)) / MULTIPLE) * MULTIPLE);
  const [height, width] = model.inputSize;
  return {
    ...experiment,
    model: { ...model, inputSize: [sized(height), sized(width)], head: headAt(model, grown(strength)) },
    augment: {
      ...augment,
      policy: policyAt(augment.policy, grown(strength)),
      mixup: { ...augment.mixup, probability: augment.mixup.probability * share },
      cutmix: { ...augment.cutmix, probability: augment.cutmix.probability * share },
    },
  };
}

/** Less dropout; what follows from the size of the input stays that of the last stage. */
function headAt({ head, inputSize }: Experiment['model'], strength: number): Experiment['model']['head'] {
  const changed: { [key: string]: unknown } = { ...head };
  if (typeof changed.dropout === 'number') changed.dropout *= strength;
  if (changed.regMax === null) changed.regMax = regMaxOf({ regMax: null }, inputSize);
  return changed as Experiment['model']['head'];
}

/** RandAugment of a smaller magnitude; others have none. */
function policyAt(policy: Experiment['augment']['policy'], strength: number): Experiment['augment']['policy'] {
  const found = RAND_AUGMENT.exec(policy);
  if (found === null) return policy;
  const magnitude = Math.round(10 * Number(found[1]) * strength) / 10;
  return policy.replace(/m\d+(\.\d+)?/, `m${magnitude}`);
}

/** One clause for people. */
export function describeStages(stages: readonly Experiment[]): string {
  const sizes = stages.map(({ model }) => model.inputSize.join(' x '));
  return `${stages.length} stages of equal length, of ${sizes.join(', then ')} pixels`;
}
