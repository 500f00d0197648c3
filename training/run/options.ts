import { isBelow } from '../../backbones/frozen.js';
import { taskCount } from '../../engine/collective.js';
import { ConfigError } from '../../engine/errors.js';
import { createEma, type Ema } from '../ema.js';
import { OPTIMIZERS, type Optimizer, type OptimizerName } from '../optimizers.js';
import type { ParameterMap } from '../parameterGroups.js';
import type { Plateau } from '../patience.js';
import { createSchedule, type Schedule, scaleLearningRate } from '../schedule.js';
import { type TrainConfig, trainConfig } from './config.js';

/** Keys of a config that concern the loader and the processes, not the steps. */
type Surroundings = 'workers' | 'cacheMegabytes' | 'peerTimeout';

/** How to train: keys of a config (`trainConfig`), whose defaults those have that are left out. */
export interface TrainOptions extends Partial<Omit<TrainConfig, Surroundings | 'batchSize' | 'seed'>> {
  /** Optimizer steps, instead of epochs. */
  readonly steps?: number;
  /** Images per step, over all processes of a cluster together. */
  readonly batchSize: number;
  /** State-dict paths of the backbone's stages, first to last, for `layerDecay`. Defaults to none, which leaves it without effect. */
  readonly stages?: readonly (readonly string[])[];
  /** Seconds between checkpoints where `checkpointEvery` is null. Defaults to 60. */
  readonly checkpointSeconds?: number;
  readonly seed: number;
}

/** Images of a step where nothing is said. */
export const DEFAULT_BATCH = 8;

/** What options that are left out stand for. */
export const TRAIN_DEFAULTS = { ...trainConfig.parse({}), batchSize: DEFAULT_BATCH, checkpointSeconds: 60 };

/** What the options mean for one model and one loader. */
export interface Plan {
  /** The most steps; infinite where the time alone ends it. */
  readonly totalSteps: number;
  readonly stepsPerEpoch: number;
  /** Peak learning rate after scaling to the batch. */
  readonly learningRate: number;
  /** Rates of a training of so many steps. */
  readonly scheduleOf: (totalSteps: number) => Schedule;
  readonly optimizer: Optimizer;
  readonly optimizerName: OptimizerName;
  readonly ema: Ema | undefined;
  readonly clipNorm: number | undefined;
  readonly normMomentum: number;
  readonly recompute: boolean;
  /** Radius of sharpness-aware minimisation. Defaults to none. */
  readonly sam: number | undefined;
  /** Equal parts that a batch is computed in. */
  readonly accumulate: number;
  readonly syncNorm: boolean;
  /** Share of the steps in which the backbone is frozen; null: it is never, or no more. */
  readonly unfreezeAt: number | null;
  readonly warmupSteps: number;
  readonly evaluateSteps: number;
  readonly checkpointSteps: number | null;
  readonly checkpointSeconds: number;
  readonly minutes: number | null;
  /** True: the steps are as many as fit into the minutes. In a cluster the epochs say, as rates must be the same everywhere. */
  readonly timed: boolean;
  /** Evaluations without a better one after which it ends; null: it does not. */
  readonly patience: number | null;
  readonly plateau: Plateau;
  readonly seed: number;
}

export const BACKBONE = 'backbone.';
/** Where neither epochs nor minutes are said. */
const EPOCHS = 50;
/** Steps that a training of unknown length is taken to have. */
export const UNKNOWN_STEPS = 1_000_000;
/** The warm-up of a training by time is at most one of so many parts of it. */
const SHORTEST_AFTER = 5;

/**
 * Creates optimizer, averages and schedule.
 *
 * @throws ConfigError for numbers that are no whole steps or no rates
 */
export function plan(parameters: ParameterMap, options: TrainOptions, stepsPerEpoch: number): Plan {
  const set = { ...TRAIN_DEFAULTS, ...options };
  const timed = set.minutes !== null && taskCount() === 1;
  const totalSteps = set.steps ?? (set.epochs ?? (timed ? Number.POSITIVE_INFINITY : EPOCHS)) * stepsPerEpoch;
  const learningRate =
    set.referenceBatch === null
      ? set.learningRate
      : scaleLearningRate(set.learningRate, set.batchSize, set.referenceBatch);
  const scheduleOf = (steps: number): Schedule =>
    createSchedule({
      learningRate,
      warmupSteps: timed ? Math.min(set.warmupSteps, Math.ceil(steps / SHORTEST_AFTER)) : set.warmupSteps,
      totalSteps: steps,
      finalRate: set.finalRate,
      schedule: set.schedule,
      stepsPerEpoch,
    });
  scheduleOf(Math.min(totalSteps, UNKNOWN_STEPS)); // numbers that make none are refused before anything is created
  for (const [name, value] of Object.entries({
    evaluateEvery: set.evaluateEvery,
    checkpointEvery: set.checkpointEvery,
  }))
    if (value !== null && !(Number.isInteger(value) && value > 0))
      throw new ConfigError(`${name} is ${value}: give a whole number of at least 1`);
  requireParts(set.batchSize, set.accumulate);
  if (set.sam !== null && set.accumulate > 1) {
    throw new ConfigError(
      `train.sam: a batch in ${set.accumulate} parts has no gradient of its own before the last: set train.accumulate to 1`,
    );
  }
  const rateOf = rateFactors(set, options.stages ?? []);
  const { momentum, nesterov, beta1, beta2, epsilon, weightDecay } = set;
  return {
    totalSteps,
    stepsPerEpoch,
    learningRate,
    scheduleOf,
    optimizer: OPTIMIZERS[set.optimizer](parameters, {
      momentum,
      nesterov,
      beta1,
      beta2,
      epsilon,
      weightDecay,
      rateOf,
    }),
    optimizerName: set.optimizer,
    ema: set.ema === null ? undefined : createEma(parameters, set.ema),
    clipNorm: set.clipNorm ?? undefined,
    normMomentum: set.normMomentum,
    recompute: set.recompute,
    sam: set.sam ?? undefined,
    accumulate: set.accumulate,
    syncNorm: set.syncNorm,
    unfreezeAt: set.unfreezeAt,
    warmupSteps: set.warmupSteps,
    evaluateSteps: set.evaluateEvery * stepsPerEpoch,
    checkpointSteps: set.checkpointEvery,
    checkpointSeconds: set.checkpointSeconds,
    minutes: set.minutes,
    timed,
    patience: set.patience,
    plateau: set.schedule.kind === 'plateau' ? set.schedule : null,
    seed: set.seed,
  };
}

/**
 * The part of the rate that each parameter has: 1, and in the backbone `backboneRate`, times `layerDecay` for its stage and each one
 * after it.
 *
 * @source Clark et al. 2020, arXiv:2003.10555, appendix A; by stages as timm's `layer_decay` by groups
 */
export function rateFactors(
  { backboneRate, layerDecay }: Pick<TrainConfig, 'backboneRate' | 'layerDecay'>,
  stages: readonly (readonly string[])[],
): (name: string) => number {
  return (name) => {
    if (!name.startsWith(BACKBONE)) return 1;
    const stage = stages.findIndex((paths) => isBelow(paths, name.slice(BACKBONE.length)));
    return backboneRate * layerDecay ** (stage < 0 ? 0 : stages.length - stage);
  };
}

/** The parts of a batch are alike, so that a mean over each counts as much. */
function requireParts(batchSize: number, parts: number): void {
  if (batchSize % (parts * taskCount()) === 0) return;
  const processes = taskCount() === 1 ? '' : ` in each of ${taskCount()} processes`;
  throw new ConfigError(
    `train.accumulate: ${batchSize} images a step cannot be computed in ${parts} equal parts${processes}: choose a divisor of train.batchSize`,
  );
}
