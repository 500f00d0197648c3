import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type Membership, membership } from '../../engine/collective.js';
import { ConfigError, DataError, PeerError, WriteError } from '../../engine/errors.js';
import { writeJson } from '../../engine/files/write.js';
import { OPTIMIZER } from '../checkpointWeights.js';
import { PATIENT } from '../patience.js';
import { restoreState } from '../state.js';
import { requireClasses, requireOwn } from './checkpoint.js';
import { type Checkpoint, type Evaluation, readCheckpoint } from './checkpointFile.js';
import { meetPeers, type Peers, shareState } from './clusterRun.js';
import { beginningOf, type EventLog, openEventLog, type RunEvent } from './events.js';
import { holdRunFolder, type RunFolder, runFolder, settleRun } from './folder.js';
import { createSteps, loop, type Steps, type StopReason } from './loop.js';
import { type MemoryUse, memoryUse } from './memory.js';
import { BACKBONE, type Plan, plan, UNKNOWN_STEPS } from './options.js';
import { createErrorProgress, duration, type Progress } from './progress.js';
import {
  evaluate,
  isWriter,
  keepBefore,
  type RunState,
  type Session,
  saveLast,
  type TrainRun,
  versions,
} from './session.js';

export interface TrainResult {
  readonly reason: StopReason;
  /** Completed steps. */
  readonly step: number;
  /** Seconds of training and evaluation, over all sessions. */
  readonly seconds: number;
  readonly best: Evaluation | null;
  readonly latest: Evaluation | null;
  readonly memory: MemoryUse;
  readonly folder: RunFolder;
}

/**
 * Trains, evaluates and writes checkpoints. With the same engine and threads, an interrupted and resumed run ends with
 * the same weights as an undisturbed one, bit for bit. The caller owns the model and the loader. In a cluster (`ready({ cluster })`)
 * every process calls this with its own loader; task 0 evaluates and writes, and its checkpoint is what all resume from.
 *
 * @throws ConfigError when `out` holds another run, or the options make no sense
 * @throws WeightsError when the checkpoint to resume from is damaged or belongs to another model
 * @throws PeerError when another process of the cluster is gone; task 0 has then written a checkpoint of its last step
 * @throws DivergedError at the first loss that is not finite; WriteError when the disk is full; the checkpoints stay whole
 */
export async function trainRun<Raw>(run: TrainRun<Raw>): Promise<TrainResult> {
  const cluster = membership();
  const writes = cluster === null || cluster.task === 0;
  const held = writes && !run.held ? holdRunFolder(run.out, run.resume === true) : null;
  const folder = run.held?.folder ?? runFolder(run.out);
  const alsoLog = run.alsoLog && { write: run.alsoLog.write, close: () => undefined }; // several logs may be opened
  try {
    for (let resume = run.resume === true; ; resume = true) {
      const unfreeze = frozenFor(run, cluster, resume ? folder : null);
      try {
        const result = await trainIn({ ...run, resume, ...(alsoLog && { alsoLog }) }, folder, cluster);
        if (result.reason !== 'unfreeze') return result;
      } finally {
        unfreeze();
      }
    }
  } finally {
    run.alsoLog?.close();
    held?.release();
  }
}

/**
 * Freezes the backbone where the run begins with that.
 *
 * @param folder of the run to continue; null: it begins
 * @returns      what unfreezes it
 */
function frozenFor<Raw>(
  { model, options }: TrainRun<Raw>,
  cluster: Membership | null,
  folder: RunFolder | null,
): () => void {
  const { unfreezeAt = null } = options;
  if (unfreezeAt === null) return () => undefined;
  if (cluster) throw new ConfigError('train.unfreezeAt is for one process: leave it out in a cluster');
  const isOver = folder !== null && existsSync(folder.last) && readCheckpoint(folder.last).metadata.unfrozenAt != null;
  if (isOver) return () => undefined;
  const moving = [...model.parameters].flatMap(([name, { variable }]) =>
    name.startsWith(BACKBONE) && variable.trainable ? [variable] : [],
  );
  if (moving.length === 0) {
    throw new ConfigError('train.unfreezeAt: all of the backbone is frozen for good: set model.backbone.frozen: none');
  }
  for (const variable of moving) variable.trainable = false;
  return () => {
    for (const variable of moving) variable.trainable = true;
  };
}

/** Nothing is written before everything that could refuse the run has been asked: checkpoint, peers, memory. */
async function trainIn<Raw>(run: TrainRun<Raw>, folder: RunFolder, cluster: Membership | null): Promise<TrainResult> {
  const writes = cluster === null || cluster.task === 0;
  const resume = run.resume === true;
  const planned = plan(run.model.parameters, run.options, run.loader.stepsPerEpoch);
  if (cluster && planned.plateau) throw noPlateau(planned);
  const progress = run.progress ?? createErrorProgress();
  let log = NO_LOG;
  let steps: Steps | null = null;
  try {
    const restored = resume && writes ? resumeState(run, planned, folder, progress) : newState(planned);
    const peers = cluster && (await join(run, cluster, progress));
    const state = peers ? await agreeOnState(run, planned, peers, restored) : restored;
    const ready = { run, plan: planned, folder, state, progress, peers };
    steps = createSteps(ready);
    const memory = await steps.requireMemory();
    if (writes) {
      log = both(openEventLog(folder.events, resume ? state.step : null, beginningEvent(ready)), run.alsoLog);
      settleRun(folder, run.config);
    }
    if (run.origin) log.write({ event: 'origin', step: state.step, ...run.origin });
    if (memory) log.write({ event: 'memory', step: state.step, kind: 'estimate', ...memory });
    const result = await finishOrSave({ ...ready, log }, steps);
    progress.end();
    return result;
  } catch (error) {
    endQuietly(progress);
    throw error;
  } finally {
    log.close();
    steps?.dispose();
    planned.optimizer.dispose();
    planned.ema?.dispose();
  }
}

/** Only task 0 evaluates, and rates must be the same everywhere. */
function noPlateau(planned: Plan): ConfigError {
  planned.optimizer.dispose();
  planned.ema?.dispose();
  return new ConfigError(
    'train.schedule: plateau follows evaluations, which one process makes: choose another in a cluster',
  );
}

/** An error of its own would hide the one that ended the run. */
function endQuietly(progress: Progress): void {
  try {
    progress.end();
  } catch {
    // the run's error is the one to see
  }
}

function both(log: EventLog, other: EventLog | undefined): EventLog {
  if (!other) return log;
  return {
    write: (event) => {
      log.write(event);
      other.write(event);
    },
    close: () => {
      log.close();
      other.close();
    },
  };
}

/** Log of a process that does not write. */
const NO_LOG: EventLog = { write: () => undefined, close: () => undefined };

async function join<Raw>(run: TrainRun<Raw>, cluster: Membership, progress: Progress): Promise<Peers> {
  const { task, addresses } = cluster;
  progress.note(
    `task ${task} of ${addresses.length}: waiting for ${addresses.filter((_, i) => i !== task).join(', ')}`,
  );
  const classes = run.labels.classes.map(({ name }) => name);
  const parameters = [...run.model.parameters].map(([name, { variable }]) => [name, ...variable.shape]);
  const { stepsPerEpoch } = run.loader;
  const shared = [run.shared ?? run.config, run.options, classes, parameters, stepsPerEpoch, versions().espalier];
  return await meetPeers(cluster, shared, run.signal);
}

async function agreeOnState<Raw>(
  run: TrainRun<Raw>,
  planned: Plan,
  peers: Peers,
  restored: RunState,
): Promise<RunState> {
  try {
    const tensors = { model: run.model, optimizer: planned.optimizer, ema: planned.ema };
    const own = [restored.step, Math.round(restored.seconds), restored.latest?.step ?? -1];
    const [step = 0, seconds = 0, measured = -1] = await shareState(tensors, own);
    if (peers.task === 0) return restored;
    return {
      ...newState(planned),
      step,
      seconds,
      latest: measured < 0 ? null : { step: measured, value: null, report: {} },
    };
  } catch (error) {
    throw await peers.explain(error);
  }
}

/**
 * A peer that ends leaves this process with the state of its last whole step, and so does an image that cannot be read; a full disk what was
 * written before.
 */
async function finishOrSave<Raw>(session: Session<Raw>, steps: Steps): Promise<TrainResult> {
  const { state, folder } = session;
  try {
    return await finish(session, steps);
  } catch (error) {
    if (error instanceof WriteError && error.isFull) throw stoppedByFullDisk(error, folder);
    if (error instanceof DataError && session.peers === null && state.step > 0) await keepBefore(session);
    const explained = await session.peers?.explain(error);
    if (!(explained instanceof PeerError)) throw explained ?? error;
    if (!isWriter(session)) throw explained;
    await saveLast(session);
    throw new PeerError(
      `${explained.message}: stopped after step ${state.step}, ${folder.last} holds it; continue with --resume, with any number of processes`,
    );
  }
}

function stoppedByFullDisk(error: WriteError, { last }: RunFolder): WriteError {
  const kept = existsSync(last) ? `; ${last} is whole: continue with --resume` : ', and train again';
  return new WriteError(error.file, error.problem + kept, true);
}

async function finish<Raw>(session: Session<Raw>, steps: Steps): Promise<TrainResult> {
  const { run, plan, state, folder } = session;
  announce(session);
  const trained = await loop(session, steps);
  if (trained === 'unfreeze') {
    state.unfrozenAt = state.step;
    await saveLast(session);
    session.progress.note(`after step ${state.step} the backbone is trained, too (train.unfreezeAt)`);
    return { reason: trained, ...state, memory: memoryUse(), folder };
  }
  if (trained === 'stage') {
    state.stage = (run.stage?.index ?? 0) + 1;
    await saveLast(session);
    return { reason: trained, ...state, memory: memoryUse(), folder };
  }
  await session.peers?.leave();
  if (!isWriter(session)) return { reason: trained, ...state, memory: memoryUse(), folder };
  const ended = performance.now();
  if (trained !== 'interrupted' && run.evaluate && state.latest?.step !== state.step) await evaluate(session);
  state.seconds += (performance.now() - ended) / 1000;
  const reason = run.signal?.aborted && state.latest?.step !== state.step ? 'interrupted' : trained;
  await saveLast(session);
  const memory = memoryUse();
  session.log.write({ event: 'memory', step: state.step, kind: 'measured', ...memory });
  session.log.write({ event: 'stop', step: state.step, reason });
  const { stepsPerEpoch } = run.loader;
  const result = { reason, ...state, memory };
  if (reason !== 'interrupted') {
    const { seed, learningRate } = plan;
    const metric = run.metric ?? null;
    const about = {
      metric,
      epochs: state.step / stepsPerEpoch,
      learningRate,
      seed,
      engine: run.engine,
      threads: run.threads ?? null,
    };
    writeJson(folder.results, { ...result, ...about, versions: versions() });
  }
  return { ...result, folder };
}

function announce<Raw>({ run, plan, progress }: Session<Raw>): void {
  const { batchSize, referenceBatch } = run.options;
  if (!referenceBatch) return;
  progress.note(
    `learning rate ${plan.learningRate} for ${batchSize} images a step, scaled from ${referenceBatch} images`,
  );
}

function beginningEvent<Raw>({ run, plan, state }: Pick<Session<Raw>, 'run' | 'plan' | 'state'>): RunEvent {
  const { learningRate } = plan;
  const { totalSteps: steps } = state;
  const { engine, threads = null } = run;
  const about = { run: state.run, engine, threads, versions: versions() };
  const event = state.step > 0 ? 'resume' : 'start';
  return { event, step: state.step, ...about, steps, stepsPerEpoch: run.loader.stepsPerEpoch, learningRate };
}

const newState = (planned: Plan, name: string = randomUUID()): RunState => ({
  run: name,
  step: 0,
  totalSteps: Math.min(planned.totalSteps, UNKNOWN_STEPS),
  seconds: 0,
  best: null,
  latest: null,
  patience: PATIENT,
  unfrozenAt: null,
  stage: 0,
});

function resumeState<Raw>(run: TrainRun<Raw>, planned: Plan, folder: RunFolder, progress: Progress): RunState {
  if (!existsSync(folder.last)) {
    progress.note(`no checkpoint in ${folder.path} yet: starting from the first step`);
    return newState(planned, beginningOf(folder.events)?.run || undefined);
  }
  const checkpoint = readCheckpoint(folder.last);
  requireOwn(folder, folder.last, checkpoint);
  requireClasses(folder.last, checkpoint, run.labels);
  requireSameOrder(folder.last, checkpoint, run, planned);
  const tensors = { model: run.model, optimizer: planned.optimizer, ema: planned.ema };
  const {
    step,
    seconds,
    best,
    latest,
    totalSteps,
    patience = PATIENT,
    unfrozenAt = null,
    stage = 0,
  } = checkpoint.metadata;
  const { missing, unused } = restoreState(tensors, unfrozenAt === step ? withoutOptimizer(checkpoint) : checkpoint);
  const left = (planned.minutes ?? 0) * 60 - seconds;
  const now = planned.timed ? stepsWith(left, checkpoint.metadata, planned.totalSteps) : planned.totalSteps;
  progress.note(
    planned.timed
      ? `resuming at step ${step}, ${duration(Math.max(0, left))} of train.minutes are left`
      : `resuming at step ${step} of ${now}`,
  );
  if (totalSteps !== now) {
    progress.note(`the run was planned for ${totalSteps} steps: the learning rate follows the new plan from here on`);
  }
  if (missing.length > 0) progress.note(`${missing.length} states start fresh, e.g. ${missing[0]}`);
  if (unused.length > 0) progress.note(`${unused.length} states of the checkpoint are not used, e.g. ${unused[0]}`);
  return {
    run: checkpoint.metadata.run ?? randomUUID(),
    step,
    totalSteps: now,
    seconds,
    best,
    latest,
    patience,
    unfrozenAt,
    stage,
  };
}

/** What the optimizer of a frozen backbone knew is too old for the whole network. */
const withoutOptimizer = ({ tensors, metadata }: Checkpoint): Checkpoint => {
  return { metadata, tensors: new Map([...tensors].filter(([name]) => !name.startsWith(OPTIMIZER))) };
};

/** Share of its minutes that may be left of a run that has ended. */
const UNUSED = 0.05;

/** Steps of a run that time ends, with so many seconds left: as it was planned, or more where it had ended and was given more time. */
function stepsWith(left: number, { step, totalSteps, seconds }: Checkpoint['metadata'], most: number): number {
  const isOver = step >= totalSteps && left > UNUSED * (seconds + left);
  return Math.min(most, isOver ? step + Math.max(1, Math.floor((step * left) / seconds)) : totalSteps);
}

/** The data order is addressed by seed and step: with another seed or epoch length it would be another run. */
function requireSameOrder<Raw>(file: string, { metadata }: Checkpoint, run: TrainRun<Raw>, planned: Plan): void {
  const pairs = [
    ['seed', metadata.seed, planned.seed],
    ['steps per epoch', metadata.stepsPerEpoch, run.loader.stepsPerEpoch],
    ['optimizer', metadata.optimizer, planned.optimizerName],
  ] as const;
  for (const [what, stored, now] of pairs) {
    if (stored === now) continue;
    throw new ConfigError(
      `${file} was trained with ${what} ${stored}, the config gives ${now}: resume with the run's own config.json and data`,
    );
  }
}
