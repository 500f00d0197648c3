import { ConfigError } from '../engine/errors.js';
import { factorsOf, type ScheduleConfig } from './schedules.js';

/** Learning rate of step 0, 1, 2, ...: a host number that the compiled step receives as a tensor. */
export type Schedule = (step: number) => number;

export interface ScheduleOptions {
  /** Reached at the end of the warm-up. */
  readonly learningRate: number;
  readonly warmupSteps: number;
  readonly totalSteps: number;
  /** Share of `learningRate` that is left at the end. */
  readonly finalRate?: number;
  /** What follows the warm-up. Defaults to half a cosine. */
  readonly schedule?: ScheduleConfig;
  /** For schedules that count epochs. Defaults to all steps. */
  readonly stepsPerEpoch?: number;
}

/**
 * Linear warm-up, then what the schedule says: half a cosine down to `finalRate` where none is given.
 *
 * @throws ConfigError for a rate that is not positive or steps that are not whole numbers
 */
export function createSchedule(options: ScheduleOptions): Schedule {
  const { learningRate, warmupSteps, totalSteps, finalRate = 0, stepsPerEpoch = totalSteps } = options;
  if (!(learningRate > 0 && Number.isFinite(learningRate))) {
    throw new ConfigError(`learningRate is ${learningRate}: give a number above 0`);
  }
  if (!(Number.isInteger(warmupSteps) && warmupSteps >= 0 && Number.isInteger(totalSteps) && totalSteps > 0)) {
    throw new ConfigError(`warmupSteps is ${warmupSteps} and the run has ${totalSteps} steps: both are whole numbers`);
  }
  const { schedule = { kind: 'cosine' } } = options;
  const factor = factorsOf(schedule, { warmupSteps, totalSteps, stepsPerEpoch, finalRate });
  return (step) => learningRate * factor(step);
}

/**
 * A rate found at one batch size, for another: proportional.
 *
 * @source Goyal et al. 2017, arXiv:1706.02677, the linear scaling rule
 */
export function scaleLearningRate(learningRate: number, batchSize: number, referenceBatchSize: number): number {
  return (learningRate * batchSize) / referenceBatchSize;
}
