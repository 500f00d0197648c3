import { batchesOf, type PlacedBatch } from './batch.js';
import type { Plan } from './options.js';
import { evaluate, type Session, saveLast } from './session.js';
import { createStepper, type UnreadStep } from './stepper.js';

export type StopReason = 'done' | 'time' | 'interrupted';

/**
 * Steps, evaluations and checkpoints until there is a reason to stop. While a step runs, the next batch is fetched and
 * the numbers of the step before are read, so that the device never waits for the host.
 */
export async function loop<Raw>(session: Session<Raw>): Promise<StopReason> {
  const { run, plan, state } = session;
  const stepper = createStepper(run.model, plan);
  const batches = batchesOf(run.loader, state.step, plan.totalSteps);
  const now = createClock(state.seconds);
  const saved = { step: state.step, seconds: now() };
  let upcoming = request(batches);
  let unread: UnreadStep | null = null;
  const settle = async (): Promise<void> => {
    const finished = unread;
    unread = null;
    if (finished) await record(session, finished);
  };
  const pause = async (): Promise<StopReason | null> => {
    const save = checkpointDue(plan, state.step, saved, now());
    const measure = evaluationDue(session);
    if (save || measure || stopReason(session)) await settle();
    if (measure && !run.signal?.aborted) await evaluate(session);
    state.seconds = now();
    const reason = stopReason(session);
    if (!save || reason) return reason;
    await saveLast(session);
    Object.assign(saved, { step: state.step, seconds: now() });
    return null;
  };
  try {
    for (;;) {
      const reason = await pause();
      if (reason) return reason;
      const asked = performance.now();
      const next = await upcoming;
      if (next.done) throw new Error(`the loader ended after step ${state.step} of ${plan.totalSteps}`);
      unread = await stepper.run(next.value, performance.now() - asked, async () => {
        upcoming = request(batches);
        await settle();
      });
      state.step++;
      state.seconds = now();
    }
  } finally {
    await upcoming.then((next) => next.done || next.value.batch.release()).catch(() => undefined);
    await batches.return();
    stepper.dispose();
  }
}

/** Asks for the next batch; its error waits until the batch is needed. */
function request(batches: AsyncGenerator<PlacedBatch, void>): Promise<IteratorResult<PlacedBatch, void>> {
  const next = batches.next();
  next.catch(() => undefined);
  return next;
}

/** Seconds since the run began, earlier sessions included. */
function createClock(before: number): () => number {
  const started = performance.now();
  return () => before + (performance.now() - started) / 1000;
}

function stopReason<Raw>({ run, plan, state }: Session<Raw>): StopReason | null {
  if (run.signal?.aborted) return 'interrupted';
  if (state.step >= plan.totalSteps) return 'done';
  return plan.minutes !== null && state.seconds >= plan.minutes * 60 ? 'time' : null;
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

async function record<Raw>({ plan, log, progress }: Session<Raw>, unread: UnreadStep): Promise<void> {
  const report = await unread.read();
  log.write({ event: 'step', ...report });
  progress.step({ ...report, steps: plan.totalSteps, epochs: plan.epochs });
}
