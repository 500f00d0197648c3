import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs';
import type { Preprocessing } from '../../backbones/backbone.js';
import type { LabelMap } from '../../datasets/sample.js';
import { DataError } from '../../engine/errors.js';
import { preprocessingSchema } from '../../pretrained/metadata.js';
import { afterEvaluation, type Patience } from '../patience.js';
import { captureState, captureWeights } from '../state.js';
import type { TrainableModel } from '../step.js';
import type { PlacedBatch, TrainLoader } from './batch.js';
import { type CheckpointMetadata, type Evaluation, writeCheckpoint } from './checkpointFile.js';
import type { Peers } from './clusterRun.js';
import { energyUse } from './energy.js';
import type { EventLog, ThreadCounts } from './events.js';
import type { HeldRunFolder, RunFolder } from './folder.js';
import { memoryUse } from './memory.js';
import type { Plan, TrainOptions } from './options.js';
import type { Origin } from './origin.js';
import { duration, type Progress } from './progress.js';

export interface TrainRun<Raw = unknown> {
  readonly model: TrainableModel<Raw>;
  readonly loader: TrainLoader;
  /**
   * Measures the model as it is; called with the averaged weights in place. It may throw once the signal is aborted.
   * Absent: no evaluation, no best checkpoint.
   */
  readonly evaluate?: (signal: AbortSignal | undefined) => Promise<object>;
  /**
   * The figure of the report that chooses the best checkpoint, e.g. 'AP' or 'mIoU'; larger is better. An evaluation
   * without it, since there was nothing to measure, is never the best.
   */
  readonly metric?: string;
  /** Images that `evaluate` measures, from which its time is guessed until it was called. Defaults to none. */
  readonly evaluatedImages?: number;
  readonly options: TrainOptions;
  /** The run's folder. */
  readonly out: string;
  /** The same folder where the caller holds it already. Absent: it is held as long as the run lasts. */
  readonly held?: HeldRunFolder;
  /** Continues from the last checkpoint in `out`; starts anew when there is none. */
  readonly resume?: boolean;
  /** The resolved config, plain JSON; kept with every checkpoint. */
  readonly config: unknown;
  readonly labels: LabelMap;
  /** What the tensors run on, e.g. 'tensorflow'. */
  readonly engine: string;
  /** For the record. */
  readonly threads?: ThreadCounts;
  /** For the record. */
  readonly origin?: Origin;
  /** Bytes the first step may take beyond what the process holds. Defaults to what is free. */
  readonly availableBytes?: number;
  /** Watches for tensors that stay alive after steps, and throws naming the op that made them; for development. */
  readonly checkLeaks?: boolean;
  /** Aborted: the running step is finished, a checkpoint is written, and the run returns. */
  readonly signal?: AbortSignal;
  /** Defaults to standard error. */
  readonly progress?: Progress;
  /** Sees what there is to see; it must not hold the run up. */
  readonly watch?: RunWatch;
  /** Is told every event, too; the run closes it. */
  readonly alsoLog?: EventLog;
  /** The stage that model and loader are for; the run ends with it, to go on with those of the next. Defaults to the only one. */
  readonly stage?: RunStage;
  /** What images are prepared for, where the model learns from something else. Defaults to the model's. */
  readonly preprocessing?: Preprocessing;
  /** Plain JSON that must be the same in every process of a cluster. Defaults to the config. */
  readonly shared?: unknown;
}

/** One of the stages of equal length that a training has. */
export interface RunStage {
  /** From 0. */
  readonly index: number;
  /** What a step of each stage costs, in any unit. */
  readonly costs: readonly number[];
}

/** What looks on while a run goes. Whatever it throws ends the run. */
export interface RunWatch {
  /** Before a step: the batch's memory is used again soon after. */
  batch(placed: PlacedBatch): void;
  /** After an evaluation, with the steps completed and its report. */
  evaluated(step: number, report: object): void;
}

/** What moves, besides the tensors. */
export interface RunState {
  /** Names the run in its log and its checkpoints. */
  readonly run: string;
  /** Completed steps. */
  step: number;
  /** Steps of the whole training, as far as is known. */
  totalSteps: number;
  /** Seconds of training and evaluation, over all sessions. */
  seconds: number;
  best: Evaluation | null;
  latest: Evaluation | null;
  patience: Patience;
  /** The step at which the backbone was unfrozen; null: it was not. */
  unfrozenAt: number | null;
  /** From 0. */
  stage: number;
}

/** One process's part of a run. */
export interface Session<Raw> {
  readonly run: TrainRun<Raw>;
  readonly plan: Plan;
  readonly folder: RunFolder;
  readonly state: RunState;
  readonly log: EventLog;
  readonly progress: Progress;
  /** The other processes; null: it trains alone. */
  readonly peers: Peers | null;
}

/** Whether this process evaluates and writes. */
export const isWriter = ({ peers }: Pick<Session<unknown>, 'peers'>): boolean => peers === null || peers.task === 0;

/** Task 0 measures, the others wait for it. */
export async function evaluateTogether<Raw>(session: Session<Raw>): Promise<void> {
  const { run, state, peers } = session;
  if (isWriter(session) && !run.signal?.aborted) await evaluate(session);
  await peers?.meet();
  if (!isWriter(session)) state.latest = { step: state.step, value: null, report: {} };
}

/** What is said instead of a figure that does not exist. */
const ABSENT: { readonly [metric: string]: string } = {
  AP: 'no objects to find',
  mIoU: 'no pixels to compare',
  top1: 'no images to classify',
};

/** Measures the averaged weights, and keeps them when they are the best so far. Where it cannot, what was trained is kept all the same. */
export async function evaluate<Raw>(session: Session<Raw>): Promise<void> {
  try {
    await measureAndKeep(session);
  } catch (error) {
    if (!(error instanceof DataError)) await keepBefore(session); // which the caller does
    throw error;
  }
}

/** Keeps the last whole step before an error ends the run, which is the one to see. */
export async function keepBefore<Raw>(session: Session<Raw>): Promise<void> {
  const { state, folder, progress } = session;
  try {
    await saveLast(session);
    progress.note(`step ${state.step} is kept in ${folder.last}: continue with --resume`);
  } catch {
    // the checkpoint before is whole
  }
}

async function measureAndKeep<Raw>({ run, plan, folder, state, log, progress }: Session<Raw>): Promise<void> {
  const started = performance.now();
  const report = await measure(run, plan);
  if (report === null) return;
  const seconds = (performance.now() - started) / 1000;
  const number: unknown = new Map(Object.entries(report)).get(run.metric ?? '');
  const value = typeof number === 'number' && Number.isFinite(number) ? number : null;
  const { step } = state;
  state.latest = { step, value, report };
  const epoch = Math.ceil(step / run.loader.stepsPerEpoch);
  log.write({ event: 'evaluation', step, epoch, weights: plan.ema ? 'ema' : 'raw', report, seconds });
  log.write({ event: 'memory', step, kind: 'measured', ...memoryUse() });
  log.write({ event: 'energy', step, ...energyUse() });
  run.watch?.evaluated(step, report);
  const best = value !== null && value > (state.best?.value ?? Number.NEGATIVE_INFINITY);
  const figure = value === null ? (ABSENT[run.metric ?? ''] ?? 'evaluated') : `${run.metric} ${value.toFixed(4)}`;
  progress.evaluated?.(seconds);
  progress.note(`epoch ${epoch}: ${figure}${best ? ' (best)' : ''} in ${duration(seconds)}`);
  progress.report?.(report);
  if (value !== null) waitOn(state, best, plan, progress);
  if (!best) return;
  state.best = state.latest;
  const tensors = await captureWeights(run.model, plan.ema);
  writeCheckpoint(folder.best, { tensors, metadata: metadataOf(run, plan, state) });
  log.write({ event: 'checkpoint', step, kind: 'best' });
}

/** Counts an evaluation that was, or was not, the best so far. */
function waitOn(state: RunState, isBest: boolean, plan: Plan, progress: Progress): void {
  const before = state.patience;
  state.patience = afterEvaluation(before, isBest, plan.plateau);
  const { rateFactor, sinceBest } = state.patience;
  if (rateFactor !== before.rateFactor) progress.note(`no better for a while: learning rate times ${rateFactor}`);
  if (plan.patience !== null && sinceBest >= plan.patience) {
    progress.note(`no better in ${sinceBest} evaluations: the training ends (train.patience)`);
  }
}

/** Null: it was aborted. */
async function measure<Raw>(run: TrainRun<Raw>, { ema }: Plan): Promise<object | null> {
  ema?.swap();
  try {
    return (await run.evaluate?.(run.signal)) ?? null;
  } catch (error) {
    if (run.signal?.aborted) return null;
    throw error;
  } finally {
    ema?.swap();
  }
}

/** Writes the state that `--resume` continues from. */
export async function saveLast<Raw>({ run, plan, folder, state, log }: Session<Raw>): Promise<void> {
  const tensors = await captureState({ model: run.model, optimizer: plan.optimizer, ema: plan.ema });
  writeCheckpoint(folder.last, { tensors, metadata: metadataOf(run, plan, state) });
  log.write({ event: 'checkpoint', step: state.step, kind: 'last' });
}

function metadataOf<Raw>(run: TrainRun<Raw>, plan: Plan, state: RunState): CheckpointMetadata {
  return {
    format: 'espalier-checkpoint',
    version: 1,
    ...state,
    stepsPerEpoch: run.loader.stepsPerEpoch,
    seed: plan.seed,
    optimizer: plan.optimizerName,
    metric: run.metric ?? null,
    classes: run.labels.classes.map(({ id, name, isStuff, overlaps }) => ({
      id,
      name,
      ...(isStuff && { isStuff }),
      ...(overlaps && { overlaps }),
    })),
    preprocessing: preprocessingSchema.parse(run.preprocessing ?? run.model.preprocessing),
    config: run.config,
    versions: versions(),
    engine: run.engine,
  };
}

/** Versions that a result depends on. */
export function versions(): { readonly [name: string]: string } {
  const own: unknown = createRequire(import.meta.url)('espalier/package.json');
  const espalier = typeof own === 'object' && own !== null && 'version' in own ? String(own.version) : 'unknown';
  return { espalier, tfjs: tf.version_core, node: process.versions.node };
}
