import { createLeakGuard } from '../../engine/leaks.js';
import { batchesOf, type PlacedBatch } from './batch.js';
import { type Budget, createBudget } from './budget.js';
import type { StepMemory } from './memory.js';
import { type Plan, UNKNOWN_STEPS } from './options.js';
import { askToContinue, isPauseAsked, waitForEndOfPause } from './pause.js';
import { evaluateTogether, isWriter, type Session, saveLast } from './session.js';
import { createStepper, type Stepper, type StepReport, type UnreadStep } from './stepper.js';
import { createWaitingWatch, type WaitingWatch } from './waiting.js';

/** `unfreeze`: the backbone is to be trained, too, which other steps do; `stage`: images of another size follow, likewise. */
export type StopReason = 'done' | 'time' | 'patience' | 'interrupted' | 'unfreeze' | 'stage';

/** The compiled steps of a run. */
export interface Steps extends Omit<Stepper, 'requireMemory'> {
  /**
   * To be called before the first batch is asked for.
   *
   * @throws EngineError when the memory of a step is not there, naming what fits
   */
  requireMemory(): Promise<StepMemory | null>;
}

export function createSteps<Raw>(session: Omit<Session<Raw>, 'log'>): Steps {
  const { run, plan, peers } = session;
  const flag = peers ? () => REASONS.map((reason) => wants(session, reason)) : undefined;
  const { state } = session;
  const optimizerFrom = state.unfrozenAt ?? 0;
  const rewarmed = (step: number): number =>
    state.unfrozenAt === null ? 1 : Math.min(1, (step + 1 - optimizerFrom) / Math.max(1, plan.warmupSteps));
  const course = {
    optimizerFrom,
    totalSteps: () => state.totalSteps,
    rateAt: (step: number) => plan.scheduleOf(state.totalSteps)(step) * state.patience.rateFactor * rewarmed(step),
  };
  const stepper = createStepper(run.model, plan, course, flag);
  return {
    ...stepper,
    requireMemory: async () => stepper.requireMemory(await run.loader.layout(), run.availableBytes),
  };
}

/**
 * Steps, evaluations and checkpoints until there is a reason to stop. While a step runs, the next batch is fetched and
 * the numbers of the step before are read, so that the device never waits for the host.
 */
export async function loop<Raw>(session: Session<Raw>, stepper: Steps): Promise<StopReason> {
  const { run, plan, state } = session;
  const leaks = run.checkLeaks ? createLeakGuard() : null;
  const waiting = createWaitingWatch();
  const agreement: Agreement = { stop: null };
  const batches = batchesOf(run.loader, state.step, plan.totalSteps, () => state.totalSteps);
  const clock = createClock(state.seconds);
  const { now } = clock;
  const saved = { step: state.step, seconds: now() };
  const budget = budgetOf(session);
  const timed = async (work: () => Promise<void>, tell: ((seconds: number) => void) | undefined): Promise<void> => {
    const from = now();
    await work();
    tell?.(now() - from);
  };
  let upcoming = request(batches);
  let unread: UnreadStep | null = null;
  const settle = async (): Promise<void> => {
    const finished = unread;
    unread = null;
    if (finished) agree(agreement, await record(session, finished, waiting));
  };
  const between = async (): Promise<StopReason | null> => {
    refusePause(session);
    const hold = canPause(session);
    const save = isWriter(session) && checkpointDue(plan, state.step, saved, now());
    const measure = evaluationDue(session) && budget?.mayEvaluate(now()) !== false;
    if (save || measure || hold || stopReason(session, agreement)) await settle();
    if (measure) await timed(() => evaluateTogether(session), budget?.evaluated);
    state.seconds = now();
    state.totalSteps = budget?.totalSteps(state.step, state.seconds) ?? state.totalSteps;
    const reason = stopReason(session, agreement);
    if (!(save || hold) || reason) return reason;
    await timed(() => saveLast(session), budget?.saved);
    Object.assign(saved, { step: state.step, seconds: now() });
    if (!hold) return null;
    await clock.without(() => waitPaused(session));
    return stopReason(session, agreement);
  };
  try {
    for (;;) {
      const reason = await between();
      if (reason) return reason;
      const begun = now();
      const asked = performance.now();
      const next = await upcoming;
      upcoming = NONE; // the step releases the batch
      if (next.done) throw new Error(`the loader ended after step ${state.step} of ${state.totalSteps}`);
      run.watch?.batch(next.value);
      unread = await stepper.run(next.value, performance.now() - asked, async () => {
        upcoming = request(batches);
        await settle();
      });
      await letEventsIn();
      leaks?.step();
      state.step++;
      state.seconds = now();
      budget?.step(begun, state.seconds);
    }
  } finally {
    unread?.dispose();
    await upcoming.then((next) => next.done || next.value.batch.release()).catch(() => undefined);
    await batches.return();
    leaks?.dispose();
  }
}

/** How many evaluations follow after a completed step, that of this step included: every so many steps, and one at the end. */
export function evaluationsLeft(step: number, steps: number, every: number): number {
  return Math.ceil(steps / every) - Math.floor((step - 1) / every);
}

/** Steps that take as long as an evaluation, as long as none was timed. */
function evaluationSteps<Raw>({ run }: Pick<Session<Raw>, 'run'>): number {
  return run.evaluate ? (ANSWER_SHARE * Math.max(1, run.evaluatedImages ?? 0)) / run.options.batchSize : 0;
}

/** Images are answered in about a third of the time that they are learned in; some are large. */
const ANSWER_SHARE = 0.5;

function budgetOf<Raw>(session: Session<Raw>): Budget | null {
  const { plan } = session;
  if (!plan.timed || plan.minutes === null) return null;
  return createBudget({
    seconds: plan.minutes * 60,
    mostSteps: plan.totalSteps,
    evaluateSteps: plan.evaluateSteps,
    evaluationSteps: evaluationSteps(session),
    checkpointSeconds: plan.checkpointSeconds,
    ...(session.run.stage && { stage: session.run.stage }),
  });
}

/** No batch was asked for. */
const NONE: ReturnType<typeof request> = Promise.resolve({ done: true, value: undefined });

/** Lets signals, timers and other work of the process in, also where a step and its batch need nothing from outside. */
const letEventsIn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Asks for the next batch; its error waits until the batch is needed. */
function request(batches: AsyncGenerator<PlacedBatch, void>): Promise<IteratorResult<PlacedBatch, void>> {
  const next = batches.next();
  next.catch(() => undefined);
  return next;
}

/** Seconds since the run began, earlier sessions included, what it waited for left out. */
function createClock(before: number) {
  let started = performance.now();
  return {
    now: (): number => before + (performance.now() - started) / 1000,
    without: async (wait: () => Promise<void>): Promise<void> => {
      const from = performance.now();
      await wait();
      started += performance.now() - from;
    },
  };
}

const canPause = <Raw>({ folder, state, peers }: Session<Raw>): boolean =>
  peers === null && state.step > 0 && isPauseAsked(folder);

/** The others of a cluster would wait inside a step, until they take this process for gone. */
function refusePause<Raw>(session: Session<Raw>): void {
  const { folder, state, peers } = session;
  if (peers === null || !isWriter(session) || !isPauseAsked(folder)) return;
  askToContinue(folder);
  warn(session, state.step, 'a training in several processes is not paused: stop it, and continue it with --resume');
}

function warn<Raw>({ log, progress }: Session<Raw>, step: number, message: string): void {
  log.write({ event: 'warning', step, message });
  progress.note(`warning: ${message}`);
}

async function waitPaused<Raw>({ run, folder, state, log, progress }: Session<Raw>): Promise<void> {
  const { step } = state;
  log.write({ event: 'pause', step });
  progress.note(`paused after step ${step}: goes on when ${folder.pause} is removed, by the page or by hand`);
  await waitForEndOfPause(folder, run.signal);
  if (run.signal?.aborted) return;
  log.write({ event: 'continue', step });
  progress.restart?.();
  progress.note(`going on after step ${step}`);
}

/** Reasons to stop that one process has before the others know. */
const REASONS = ['interrupted', 'time', 'patience'] as const;

/** What the processes of a cluster have decided together; a process alone decides by itself. */
interface Agreement {
  stop: { readonly step: number; readonly reason: StopReason } | null;
}

/** One step after it was asked for: by then every process has read the flags, whether it reads them early or late. */
function agree(agreement: Agreement, { step, flags }: StepReport): void {
  const reason = REASONS.find((_, i) => flags[i]);
  if (reason !== undefined) agreement.stop ??= { step: step + 1, reason };
}

function wants<Raw>(
  { run, plan, state }: Pick<Session<Raw>, 'run' | 'plan' | 'state'>,
  reason: (typeof REASONS)[number],
): boolean {
  if (reason === 'interrupted') return run.signal?.aborted === true;
  if (reason === 'patience') return plan.patience !== null && state.patience.sinceBest >= plan.patience;
  return plan.minutes !== null && state.seconds >= plan.minutes * 60;
}

function stopReason<Raw>(session: Session<Raw>, { stop }: Agreement): StopReason | null {
  const { plan, state, peers } = session;
  const isDone = state.step >= state.totalSteps;
  if (peers) return isDone ? 'done' : stop !== null && state.step >= stop.step ? stop.reason : null;
  if (wants(session, 'interrupted')) return 'interrupted';
  if (!isDone && isUnfreezing(session)) return 'unfreeze';
  if (!isDone && isStageOver(session)) return 'stage';
  if (isDone) return plan.timed && state.step < plan.totalSteps ? 'time' : 'done';
  return REASONS.find((reason) => wants(session, reason)) ?? null;
}

const isUnfreezing = <Raw>({ plan: { unfreezeAt }, state }: Session<Raw>): boolean =>
  unfreezeAt !== null && state.unfrozenAt === null && state.step >= unfreezeAt * state.totalSteps;

/** Stages are equal shares of the time where that ends the training, else of the steps. */
function isStageOver<Raw>({ run: { stage }, plan, state }: Session<Raw>): boolean {
  if (stage === undefined || stage.index + 1 >= stage.costs.length) return false;
  const ofTime = plan.timed && plan.minutes !== null ? state.seconds / (plan.minutes * 60) : 0;
  const ofSteps = state.step / (plan.timed ? plan.totalSteps : state.totalSteps);
  return Math.max(ofTime, ofSteps) >= (stage.index + 1) / stage.costs.length;
}

function evaluationDue<Raw>({ run, plan, state }: Session<Raw>): boolean {
  const { step, latest } = state;
  return run.evaluate !== undefined && step > 0 && step % plan.evaluateSteps === 0 && latest?.step !== step;
}

function checkpointDue(plan: Plan, step: number, saved: { step: number; seconds: number }, seconds: number): boolean {
  if (step === saved.step) return false;
  if (plan.checkpointSteps !== null) return step % plan.checkpointSteps === 0;
  return seconds - saved.seconds >= plan.checkpointSeconds;
}

async function record<Raw>(session: Session<Raw>, unread: UnreadStep, waiting: WaitingWatch): Promise<StepReport> {
  const { run, plan, state, log, progress } = session;
  const report = await unread.read();
  const { flags: _flags, ...figures } = report;
  log.write({ event: 'step', ...figures });
  const steps = plan.timed && state.totalSteps >= UNKNOWN_STEPS ? Number.POSITIVE_INFINITY : state.totalSteps;
  const evaluations = run.evaluate && {
    left: evaluationsLeft(report.step, steps, plan.evaluateSteps),
    steps: evaluationSteps(session),
  };
  progress.step({
    ...report,
    steps,
    epochs: Math.ceil(steps / plan.stepsPerEpoch),
    ...(evaluations && { evaluations }),
  });
  const message = waiting.step(report.ms);
  if (message !== null) warn(session, report.step, message);
  return report;
}
