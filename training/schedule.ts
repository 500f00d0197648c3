import { ConfigError } from '../engine/errors.js';

/** Learning rate of step 0, 1, 2, ...: a host number that the compiled step receives as a tensor. */
export type Schedule = (step: number) => number;

export interface ScheduleOptions {
  /** Reached at the end of the warm-up. */
  readonly learningRate: number;
  readonly warmupSteps: number;
  readonly totalSteps: number;
  /** Share of `learningRate` that is left at the end. */
  readonly finalRate?: number;
}

/**
 * Linear warm-up, then half a cosine down to `finalRate`.
 *
 * @throws ConfigError for a rate that is not positive or steps that are not whole numbers
 * @source warm-up: Goyal et al. 2017, arXiv:1706.02677; cosine: Loshchilov and Hutter 2016, arXiv:1608.03983, equation 5
 */
export function createSchedule(options: ScheduleOptions): Schedule {
  const { learningRate, warmupSteps, totalSteps, finalRate = 0 } = options;
  if (!(learningRate > 0 && Number.isFinite(learningRate))) {
    throw new ConfigError(`learningRate is ${learningRate}: give a number above 0`);
  }
  if (!(Number.isInteger(warmupSteps) && warmupSteps >= 0 && Number.isInteger(totalSteps) && totalSteps > 0)) {
    throw new ConfigError(`warmupSteps is ${warmupSteps} and the run has ${totalSteps} steps: both are whole numbers`);
  }
  const warmup = Math.min(warmupSteps, totalSteps);
  return (step) => {
    if (step < warmup) return (learningRate * (step + 1)) / warmup;
    const progress = Math.min(1, (step - warmup) / Math.max(1, totalSteps - warmup));
    return learningRate * (finalRate + (1 - finalRate) * 0.5 * (1 + Math.cos(Math.PI * progress)));
  };
}

/**
 * A rate found at one batch size, for another: proportional.
 *
 * @source Goyal et al. 2017, arXiv:1706.02677, the linear scaling rule
 */
export function scaleLearningRate(learningRate: number, batchSize: number, referenceBatchSize: number): number {
  return (learningRate * batchSize) / referenceBatchSize;
}
