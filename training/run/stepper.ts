import * as tf from '@tensorflow/tfjs';
import { EspalierError } from '../../engine/errors.js';
import { uploadImages } from '../../engine/images.js';
import { createTrainingStep, type StepResult, stepScalars, stepSeed, type TrainableModel } from '../step.js';
import { type PlacedBatch, toTargets } from './batch.js';
import type { StepTime } from './events.js';
import type { Plan } from './options.js';

/** Host numbers of one finished step. */
export interface StepReport {
  /** Completed steps, this one included. */
  readonly step: number;
  /** From 1. */
  readonly epoch: number;
  readonly losses: { readonly [term: string]: number };
  readonly gradientNorm: number;
  readonly learningRate: number;
  readonly ms: StepTime;
}

/** A step that ran, its numbers still on the device. */
export interface UnreadStep {
  read(): Promise<StepReport>;
}

/** Runs single steps. */
export interface Stepper {
  /**
   * @param whileRunning host work for the time the device needs; whatever it throws is thrown after the step has ended
   * @param waited       milliseconds that were spent waiting for the batch
   */
  run(placed: PlacedBatch, waited: number, whileRunning: () => Promise<void>): Promise<UnreadStep>;
  dispose(): void;
}

export function createStepper<Raw>(model: TrainableModel<Raw>, plan: Plan): Stepper {
  const { optimizer, ema, clipNorm, normMomentum, schedule, seed } = plan;
  const compiled = createTrainingStep({
    model,
    optimizer,
    ...(ema ? { ema } : {}),
    ...(clipNorm === undefined ? {} : { clipNorm }),
    normMomentum,
  });
  return {
    dispose: () => compiled.dispose(),
    run: async ({ batch, step, epoch }, waited, whileRunning) => {
      const entered = performance.now();
      const images = uploadImages(batch.images, batch.shape);
      const targets = toTargets(batch.targets);
      const learningRate = schedule(step);
      const numbers = Object.entries(stepScalars(optimizer, ema, step, learningRate));
      const scalars = Object.fromEntries(numbers.map(([name, value]) => [name, tf.scalar(value, 'float32')]));
      const draws = stepSeed(seed, step);
      const started = performance.now();
      const running = compiled.async(images, targets, scalars, draws);
      const [result] = await bothEnd(running, whileRunning());
      const finished = performance.now();
      tf.dispose([images, Object.values(targets), Object.values(scalars), draws]);
      const { ids } = batch;
      batch.release();
      const ms = { data: waited, compute: finished - started, host: started - entered };
      return {
        read: async () => {
          const { losses, gradientNorm } = await readResult(result);
          requireFinite(step + 1, ids, { ...losses, 'gradient norm': gradientNorm });
          return { step: step + 1, epoch: epoch + 1, losses, gradientNorm, learningRate, ms };
        },
      };
    },
  };
}

/** Waits for both, also when one fails: a step must not run on while its variables are freed. */
async function bothEnd<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([a, b]);
  return [await a, await b];
}

async function readResult({ losses, gradientNorm }: StepResult) {
  const host: { [term: string]: number } = {};
  for (const [term, value] of Object.entries(losses)) host[term] = await readScalar(value);
  return { losses: host, gradientNorm: await readScalar(gradientNorm) };
}

async function readScalar(value: tf.Scalar): Promise<number> {
  const [number] = await value.data();
  value.dispose();
  return number ?? Number.NaN;
}

/** @throws EspalierError naming step, images and every term that is not finite; parts before the total */
export function requireFinite(step: number, ids: readonly string[], terms: { readonly [term: string]: number }): void {
  const bad = Object.entries(terms).filter(([, value]) => !Number.isFinite(value));
  const [first] = [...bad.filter(([term]) => term !== 'total'), ...bad];
  if (first === undefined) return;
  const named = bad.filter(([term]) => term !== 'total' && term !== 'gradient norm').map(([term]) => `'${term}'`);
  const what =
    named.length > 0 ? `loss term ${named.join(', ')}` : `the ${first[0] === 'total' ? 'total loss' : first[0]}`;
  throw new EspalierError(
    `step ${step}: ${what} is ${first[1]}; images of this batch: ${ids.join(', ')}. Look at these images, or lower train.learningRate; the last checkpoint is from before`,
  );
}
