import * as tf from '@tensorflow/tfjs';
import { DivergedError } from '../../engine/errors.js';
import { uploadImages } from '../../engine/images.js';
import { toTargets } from '../../heads/targets.js';
import type { StepResult, TrainableModel } from '../step.js';
import type { BatchLayout, PlacedBatch, TrainBatch } from './batch.js';
import type { StepTime } from './events.js';
import { planStep, requireStepMemory, type StepMemory } from './memory.js';
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
  /** What any process of the cluster asked for when the step began; empty without one. */
  readonly flags: readonly boolean[];
}

/** A step that ran, its numbers still on the device. */
export interface UnreadStep {
  /** Once; frees them, too. */
  read(): Promise<StepReport>;
  /** As `read`, but for what is not finite, which is given as it is. */
  peek(): Promise<Pick<StepReport, 'losses' | 'gradientNorm'>>;
  /** Frees them unread. */
  dispose(): void;
}

/** What a step must know of the run it belongs to. */
export interface Course {
  /** Learning rate of a step. */
  readonly rateAt: (step: number) => number;
  /** Steps of the whole training, as far as is known. */
  readonly totalSteps: () => number;
  /** The step that the optimizer began at. */
  readonly optimizerFrom: number;
}

/** Runs single steps. */
export interface Stepper {
  /**
   * Asks for the memory of a step with batches of this layout; the trace is the one of the first step.
   *
   * @param available bytes the process may still take. Defaults to what is free
   * @returns         null: it is not known on this engine
   * @throws EngineError when it is not there, naming what fits
   */
  requireMemory(layout: BatchLayout, available?: number): StepMemory | null;
  /**
   * @param whileRunning host work for the time the device needs; whatever it throws is thrown after the step has ended
   * @param waited       milliseconds that were spent waiting for the batch
   */
  run(placed: PlacedBatch, waited: number, whileRunning: () => Promise<void>): Promise<UnreadStep>;
  dispose(): void;
}

/**
 * @param flag in a cluster: what this process asks of all at the start of a step
 */
export function createStepper<Raw>(
  model: TrainableModel<Raw>,
  plan: Plan,
  course: Course,
  flag: (() => readonly boolean[]) | undefined,
): Stepper {
  const compiled = planStep(model, plan);
  return {
    dispose: () => compiled.dispose(),
    requireMemory: (layout, available) => requireStepMemory(compiled, layout, plan.accumulate, flag?.(), available),
    run: async ({ batch, step, epoch }, waited, whileRunning) => {
      const entered = performance.now();
      const parts = partsOf(batch, plan.accumulate).map(({ images, shape, targets }) => {
        return { images: uploadImages(images, shape), targets: toTargets(targets) };
      });
      const learningRate = course.rateAt(step);
      const progress = { share: step / course.totalSteps(), epochs: step / plan.stepsPerEpoch };
      try {
        const started = performance.now();
        const running = compiled.run(parts, {
          step,
          optimizerStep: step - course.optimizerFrom,
          learningRate,
          progress,
          flags: flag?.(),
        });
        const result = await bothEnd(running, whileRunning());
        const ms = { data: waited, compute: performance.now() - started, host: started - entered };
        const { ids } = batch;
        return {
          dispose: () => tf.dispose(result as unknown as tf.TensorContainer),
          peek: () => readResult(result),
          read: async () => {
            const { losses, gradientNorm, flags } = await readResult(result);
            requireFinite(step + 1, ids, { ...losses, 'gradient norm': gradientNorm });
            return { step: step + 1, epoch: epoch + 1, losses, gradientNorm, learningRate, ms, flags };
          },
        };
      } finally {
        tf.dispose(parts as unknown as tf.TensorContainer[]);
        batch.release();
      }
    },
  };
}

/** The images of a batch in runs of as many each; views of its memory. */
function partsOf(
  { images, shape, targets }: TrainBatch,
  count: number,
): readonly Pick<TrainBatch, 'images' | 'shape' | 'targets'>[] {
  if (count === 1) return [{ images, shape, targets }];
  const [, ...image] = shape;
  const length = shape[0] / count;
  return Array.from({ length: count }, (_, part) => {
    const cut = <T extends { subarray(from: number, to: number): T; readonly length: number }>(values: T): T =>
      values.subarray((part * values.length) / count, ((part + 1) * values.length) / count);
    const own = Object.entries(targets).map(
      ([
        name,
        {
          data,
          shape: [, ...rest],
        },
      ]) => {
        return [
          name,
          { data: data instanceof Float32Array ? cut(data) : cut(data), shape: [length, ...rest] },
        ] as const;
      },
    );
    return { images: cut(images), shape: [length, ...image], targets: Object.fromEntries(own) };
  });
}

/** Waits for both, also when one fails: a step must not run on while its variables are freed. */
async function bothEnd(running: Promise<StepResult>, meanwhile: Promise<void>): Promise<StepResult> {
  const [ran, done] = await Promise.allSettled([running, meanwhile]);
  if (ran.status === 'rejected') throw ran.reason;
  if (done.status === 'fulfilled') return ran.value;
  tf.dispose(ran.value as unknown as tf.TensorContainer);
  throw done.reason;
}

async function readResult({ losses, gradientNorm, flags }: StepResult) {
  const host: { [term: string]: number } = {};
  for (const [term, value] of Object.entries(losses)) host[term] = await readScalar(value);
  const shares = await Promise.all(flags.map(readScalar));
  return { losses: host, gradientNorm: await readScalar(gradientNorm), flags: shares.map((share) => share > 0) };
}

async function readScalar(value: tf.Scalar): Promise<number> {
  const [number] = await value.data();
  value.dispose();
  return number ?? Number.NaN;
}

/** @throws DivergedError naming step, images and every term that is not finite; parts before the total */
export function requireFinite(step: number, ids: readonly string[], terms: { readonly [term: string]: number }): void {
  const bad = Object.entries(terms).filter(([, value]) => !Number.isFinite(value));
  const [first] = [...bad.filter(([term]) => term !== 'total'), ...bad];
  if (first === undefined) return;
  const named = bad.filter(([term]) => term !== 'total' && term !== 'gradient norm').map(([term]) => `'${term}'`);
  const what =
    named.length > 0 ? `loss term ${named.join(', ')}` : `the ${first[0] === 'total' ? 'total loss' : first[0]}`;
  throw new DivergedError(
    `step ${step}: ${what} is ${first[1]}; images of this batch: ${ids.join(', ')}. Look at these images, or lower train.learningRate; the last checkpoint is from before`,
  );
}
