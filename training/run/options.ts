import { ConfigError } from '../../engine/errors.js';
import { createEma, type Ema } from '../ema.js';
import { createAdamW, createSgd, type Optimizer } from '../optimizers.js';
import type { ParameterMap } from '../packs.js';
import { createSchedule, type Schedule, scaleLearningRate } from '../schedule.js';

/** How to train; what is absent has the default in `TRAIN_DEFAULTS`. */
export interface TrainOptions {
  /** Passes over the training images; this or `steps`. */
  readonly epochs?: number;
  /** Optimizer steps, instead of epochs. */
  readonly steps?: number;
  /** Stop after this many minutes of training and evaluation; null: never. */
  readonly minutes?: number | null;
  /** Images per step, over all processes of a cluster together. */
  readonly batchSize: number;
  readonly optimizer?: 'sgd' | 'adamw';
  /** Peak, for `referenceBatch` images a step. */
  readonly learningRate?: number;
  /** The rate is multiplied by batchSize / referenceBatch; null: as written. */
  readonly referenceBatch?: number | null;
  /** Factor on the rate of parameters below `backbone.`. */
  readonly backboneRate?: number;
  /** SGD only. */
  readonly momentum?: number;
  readonly weightDecay?: number;
  readonly warmupSteps?: number;
  /** Share of the rate that is left at the end. */
  readonly finalRate?: number;
  /** Largest global norm of the gradients; null: not clipped. */
  readonly clipNorm?: number | null;
  /** Decay of the averaged weights; null: no averages. */
  readonly ema?: number | null;
  /** Kept share of batch norm's moving statistics per step. */
  readonly normMomentum?: number;
  /** In a cluster: batch norm takes the statistics of all processes' batches. */
  readonly syncNorm?: boolean;
  /** The backbone's activations are computed again in the backward pass: less memory, more time. */
  readonly recompute?: boolean;
  /** Epochs between evaluations; the end is always evaluated. */
  readonly evaluateEvery?: number;
  /** Steps between checkpoints; null: whenever `checkpointSeconds` have passed. */
  readonly checkpointEvery?: number | null;
  /** Seconds between checkpoints where `checkpointEvery` is null. */
  readonly checkpointSeconds?: number;
  readonly seed: number;
}

export const TRAIN_DEFAULTS = {
  epochs: 50,
  minutes: null,
  optimizer: 'adamw',
  learningRate: 0.001,
  referenceBatch: null,
  backboneRate: 1,
  momentum: 0.9,
  weightDecay: 0.01,
  warmupSteps: 100,
  finalRate: 0,
  clipNorm: 10,
  ema: 0.995,
  normMomentum: 0.95,
  recompute: false,
  syncNorm: false,
  evaluateEvery: 5,
  checkpointEvery: null,
  checkpointSeconds: 60,
} as const satisfies Partial<TrainOptions>;

/** What the options mean for one model and one loader. */
export interface Plan {
  readonly totalSteps: number;
  readonly epochs: number;
  /** Peak learning rate after scaling to the batch. */
  readonly learningRate: number;
  readonly schedule: Schedule;
  readonly optimizer: Optimizer;
  readonly optimizerName: 'sgd' | 'adamw';
  readonly ema: Ema | undefined;
  readonly clipNorm: number | undefined;
  readonly normMomentum: number;
  readonly recompute: boolean;
  readonly syncNorm: boolean;
  readonly evaluateSteps: number;
  readonly checkpointSteps: number | null;
  readonly checkpointSeconds: number;
  readonly minutes: number | null;
  readonly seed: number;
}

const BACKBONE = 'backbone.';

/**
 * Creates optimizer, averages and schedule.
 *
 * @throws ConfigError for numbers that are no whole steps or no rates
 */
export function plan(parameters: ParameterMap, options: TrainOptions, stepsPerEpoch: number): Plan {
  const set = { ...TRAIN_DEFAULTS, ...options };
  const totalSteps = set.steps ?? set.epochs * stepsPerEpoch;
  const learningRate =
    set.referenceBatch === null
      ? set.learningRate
      : scaleLearningRate(set.learningRate, set.batchSize, set.referenceBatch);
  const schedule = createSchedule({
    learningRate,
    warmupSteps: set.warmupSteps,
    totalSteps,
    finalFraction: set.finalRate,
  });
  for (const [name, value] of Object.entries({
    evaluateEvery: set.evaluateEvery,
    checkpointEvery: set.checkpointEvery,
  }))
    if (value !== null && !(Number.isInteger(value) && value > 0))
      throw new ConfigError(`${name} is ${value}: give a whole number of at least 1`);
  const rateOf = (name: string): number => (name.startsWith(BACKBONE) ? set.backboneRate : 1);
  const group = { weightDecay: set.weightDecay, rateOf };
  return {
    totalSteps,
    epochs: Math.ceil(totalSteps / stepsPerEpoch),
    learningRate,
    schedule,
    optimizer:
      set.optimizer === 'sgd'
        ? createSgd(parameters, { ...group, momentum: set.momentum })
        : createAdamW(parameters, group),
    optimizerName: set.optimizer,
    ema: set.ema === null ? undefined : createEma(parameters, set.ema),
    clipNorm: set.clipNorm ?? undefined,
    normMomentum: set.normMomentum,
    recompute: set.recompute,
    syncNorm: set.syncNorm,
    evaluateSteps: set.evaluateEvery * stepsPerEpoch,
    checkpointSteps: set.checkpointEvery,
    checkpointSeconds: set.checkpointSeconds,
    minutes: set.minutes,
    seed: set.seed,
  };
}
