import { existsSync } from 'node:fs';
import { ConfigError } from '../../engine/errors.js';
import { requireClasses, restoreState } from './checkpoint.js';
import { type Checkpoint, type Evaluation, readCheckpoint } from './checkpointFile.js';
import { openEventLog } from './events.js';
import { writeJson } from './files.js';
import { openRunFolder, type RunFolder } from './folder.js';
import { loop, type StopReason } from './loop.js';
import { type Plan, plan } from './options.js';
import { createProgress, type Progress } from './progress.js';
import { evaluate, type RunState, type Session, saveLast, type TrainRun, versions } from './session.js';

export interface TrainResult {
  readonly reason: StopReason;
  /** Completed steps. */
  readonly step: number;
  /** Of training and evaluation, over all sessions. */
  readonly seconds: number;
  readonly best: Evaluation | null;
  readonly latest: Evaluation | null;
  readonly folder: RunFolder;
}

/**
 * Trains, evaluates and writes checkpoints. With the same engine and threads, an interrupted and resumed run ends with
 * the same weights as an undisturbed one, bit for bit. The caller owns the model and the loader.
 *
 * @throws ConfigError when `out` holds another run, or the options make no sense
 * @throws WeightsError when the checkpoint to resume from is damaged or belongs to another model
 * @throws EspalierError at the first loss that is not finite, or when the disk is full; the checkpoints stay whole
 */
export async function trainRun<Raw>(run: TrainRun<Raw>): Promise<TrainResult> {
  const resume = run.resume === true;
  const folder = openRunFolder(run.out, run.config, resume);
  const planned = plan(run.model.parameters, run.options, run.loader.stepsPerEpoch);
  const progress = run.progress ?? createProgress(process.stderr);
  try {
    const state = resume ? resumeState(run, planned, folder, progress) : newState();
    const log = openEventLog(folder.events, resume ? state.step : null);
    try {
      return await finish({ run, plan: planned, folder, state, log, progress });
    } finally {
      log.close();
    }
  } finally {
    progress.end();
    planned.optimizer.dispose();
    planned.ema?.dispose();
  }
}

async function finish<Raw>(session: Session<Raw>): Promise<TrainResult> {
  const { run, plan, state, folder } = session;
  announce(session);
  const trained = await loop(session);
  if (trained !== 'interrupted' && run.evaluate && state.latest?.step !== state.step) await evaluate(session);
  const reason = run.signal?.aborted && state.latest?.step !== state.step ? 'interrupted' : trained;
  await saveLast(session);
  session.log.write({ event: 'stop', step: state.step, reason });
  const { stepsPerEpoch } = run.loader;
  const result = { reason, ...state };
  if (reason !== 'interrupted') {
    const { seed, learningRate } = plan;
    const metric = run.metric ?? null;
    const about = { metric, epochs: state.step / stepsPerEpoch, learningRate, seed, engine: run.engine };
    writeJson(folder.results, { ...result, ...about, versions: versions() });
  }
  return { ...result, folder };
}

function announce<Raw>({ run, plan, state, log, progress }: Session<Raw>): void {
  const { learningRate, totalSteps: steps } = plan;
  const { batchSize, referenceBatch } = run.options;
  if (referenceBatch) {
    progress.note(`learning rate ${learningRate} for ${batchSize} images a step, scaled from ${referenceBatch} images`);
  }
  const { stepsPerEpoch } = run.loader;
  const event = state.step > 0 ? 'resume' : 'start';
  log.write({ event, step: state.step, engine: run.engine, versions: versions(), steps, stepsPerEpoch, learningRate });
}

const newState = (): RunState => ({ step: 0, seconds: 0, best: null, latest: null });

function resumeState<Raw>(run: TrainRun<Raw>, planned: Plan, folder: RunFolder, progress: Progress): RunState {
  if (!existsSync(folder.last)) {
    progress.note(`no checkpoint in ${folder.path} yet: starting from the first step`);
    return newState();
  }
  const checkpoint = readCheckpoint(folder.last);
  requireClasses(folder.last, checkpoint, run.labels);
  requireSameOrder(folder.last, checkpoint, run, planned);
  const tensors = { model: run.model, optimizer: planned.optimizer, ema: planned.ema };
  const { missing, unused } = restoreState(tensors, checkpoint);
  const { step, seconds, best, latest, totalSteps } = checkpoint.metadata;
  progress.note(`resuming at step ${step} of ${planned.totalSteps}`);
  if (totalSteps !== planned.totalSteps) {
    progress.note(`the run was planned for ${totalSteps} steps: the learning rate follows the new plan from here on`);
  }
  if (missing.length > 0) progress.note(`${missing.length} states start fresh, e.g. ${missing[0]}`);
  if (unused.length > 0) progress.note(`${unused.length} states of the checkpoint are not used, e.g. ${unused[0]}`);
  return { step, seconds, best, latest };
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
