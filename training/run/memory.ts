import * as tf from '@tensorflow/tfjs';
import type { EncoderSource } from '../../datasets/encoder.js';
import { builtModule } from '../../datasets/loader/built.js';
import { loadEncoder } from '../../datasets/loader/fill.js';
import { ConfigError } from '../../engine/errors.js';
import { type Demand, requireRoom } from '../../engine/memory.js';
import { type MemoryNeed, needOf, roomsWith } from '../../engine/tensorflow/memory/memory.js';
import { type AccumulatedStep, type BatchPart, createAccumulatedStep } from '../accumulate.js';
import { createTrainingStep, type TrainableModel } from '../step.js';
import type { BatchLayout, TrainLoader } from './batch.js';
import { batchBytes, hollowBatch } from './hollowBatch.js';
import { type Plan, plan, type TrainOptions } from './options.js';

/** What a process holds. */
export interface MemoryUse {
  /** Most resident bytes of the process so far. */
  readonly peakBytes: number;
  /** Tensors and variables that are alive now. */
  readonly tensors: number;
}

export function memoryUse(): MemoryUse {
  return { peakBytes: process.resourceUsage().maxRSS * 1024, tensors: tf.memory().numTensors };
}

/** The compiled step of a plan: it takes a batch in as many parts as the plan says. */
export function planStep<Raw>(model: TrainableModel<Raw>, planned: Plan): AccumulatedStep {
  const { optimizer, ema, clipNorm, normMomentum, syncNorm, recompute, seed, accumulate, sam } = planned;
  const options = { model, optimizer, ema, clipNorm, normMomentum, syncNorm, recompute, seed, sam };
  if (accumulate > 1) return createAccumulatedStep(options, accumulate);
  const step = createTrainingStep(options);
  return { ...step, run: ([whole], at) => step.run((whole as BatchPart).images, (whole as BatchPart).targets, at) };
}

/** A network as `createDetector` and `createSegmenter` give it. */
export interface StepNetwork {
  readonly model: TrainableModel;
  readonly encoder: EncoderSource;
  /** [height, width] of the input, pixels. */
  readonly inputSize: readonly [height: number, width: number];
}

/**
 * What a training step of a network needs, optimizer and averaged weights included, before anything is trained: the
 * step is traced, not executed, and everything it took is freed again. Within 20 % of the measured peak of EfficientDets.
 *
 * @param network   e.g. of `createDetector`
 * @param batchSize images per step
 * @param options   as for training, as far as they matter: optimizer, ema, clipNorm, recompute
 * @throws EngineError on an engine without a graph compiler; ConfigError for a batch that is no whole number
 */
export async function estimateStepMemory(
  { model, encoder, inputSize }: StepNetwork,
  batchSize: number,
  options: Partial<TrainOptions> = {},
): Promise<MemoryNeed> {
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new ConfigError(`a batch of ${batchSize} images: give a whole number from 1`);
  }
  const { targets } = await loadEncoder({ ...encoder, module: builtModule(encoder.module) });
  const shapes = Object.entries(targets).map(([name, { shape, dtype }]) => {
    return [name, { shape: [batchSize, ...shape], dtype }] as const;
  });
  const images = [batchSize, ...inputSize, model.preprocessing.mean.length] as const;
  const planned = plan(model.parameters, { seed: 1, ...options, batchSize, steps: 1 }, 1);
  const step = planStep(model, planned);
  const batch = hollowBatch({ images, targets: Object.fromEntries(shapes) }, batchSize / planned.accumulate);
  try {
    return needOf(step.memory(batch.images, batch.targets, FIRST));
  } finally {
    tf.dispose(batch as unknown as tf.TensorContainer);
    step.dispose();
    planned.optimizer.dispose();
    planned.ema?.dispose();
  }
}

export interface BatchChoice {
  /** The most images. */
  readonly most: number;
  /** What it is a multiple of. */
  readonly multiple: number;
  /** Bytes that the process may still take. Defaults to what is free. */
  readonly available?: number;
}

/** Share of the memory that a batch may need by its estimate, which is within a fifth of the truth. */
const SAFE = 0.7;

/**
 * The largest batch whose step has room, a power of two times `multiple`: a step is traced for two batches, and others lie on the line
 * through them.
 *
 * @returns at least `multiple`, whether or not it has room: a training asks again before its first step
 * @throws as `estimateStepMemory`
 */
export async function chooseBatch(
  network: StepNetwork,
  { most, multiple, available }: BatchChoice,
  options: Partial<TrainOptions> = {},
): Promise<{ readonly batchSize: number; readonly neededBytes: number; readonly availableBytes: number }> {
  const needed = async (count: number): Promise<number> =>
    (await estimateStepMemory(network, count, { ...options, batchSize: count })).neededBytes;
  const near = await needed(multiple);
  const slope = (await needed(2 * multiple)) - near;
  const bytesOf = (count: number): number => near + slope * (count / multiple - 1);
  const availableBytes = Math.min(...roomsWith(available).map(({ bytes }) => bytes));
  let batchSize = multiple;
  while (2 * batchSize <= most && bytesOf(2 * batchSize) <= SAFE * availableBytes) batchSize *= 2;
  return { batchSize, neededBytes: bytesOf(batchSize), availableBytes };
}

/** Progress that an estimate assumes: memory does not depend on it. */
const FIRST = { step: 0, learningRate: 0 } as const;

/** What a step needs, beside what there is for it. */
export interface StepMemory extends MemoryNeed {
  readonly availableBytes: number;
}

/**
 * Compares what the step and its batches need with what is free, what the control groups leave, and what the engine can
 * address, before a batch is made. The trace is the one that the first call uses.
 *
 * @param parts     that a batch is computed in
 * @param flags     as the steps will be given, in a cluster
 * @param available bytes the process may still take. Defaults to what is free
 * @returns         null: the model runs an op on this engine whose memory is not known
 * @throws EngineError naming the largest batch that fits, or a smaller input
 */
export function requireStepMemory(
  step: Pick<AccumulatedStep, 'memory'>,
  layout: BatchLayout,
  parts: number,
  flags?: readonly boolean[],
  available?: number,
): StepMemory | null {
  const [batch, height, width] = layout.images;
  const stepBytes = (count: number): number => {
    const hollow = hollowBatch(layout, Math.ceil(count / parts));
    try {
      return step.memory(hollow.images, hollow.targets, { ...FIRST, flags }) + parts * batchBytes(hollow);
    } finally {
      tf.dispose(hollow as unknown as tf.TensorContainer);
    }
  };
  const most = Math.max(2, Math.floor(LARGEST_TRIED / (height * width))) * parts;
  const engineBytes = along(stepBytes, Math.min(batch, most));
  const demandOf = (count: number): Demand => ({ engine: engineBytes(count), host: layout.heldBytes(count) });
  const rooms = roomsWith(available);
  const request = { what: 'a step', inputSize: [height, width] as const };
  const demand = requireRoom(request, demandOf, batch, rooms);
  if (demand === null) return null;
  const availableBytes = Math.min(...rooms.map(({ bytes }) => bytes));
  return { ...needOf(demand.engine + demand.host), availableBytes };
}

/**
 * Asks for the memory of a training that is yet to come, before anything is done for it.
 *
 * @throws EngineError as `requireStepMemory`
 */
export async function requireTrainingMemory(
  model: TrainableModel,
  loader: Pick<TrainLoader, 'layout' | 'stepsPerEpoch'>,
  options: TrainOptions,
  available?: number,
): Promise<void> {
  const planned = plan(model.parameters, options, loader.stepsPerEpoch);
  const step = planStep(model, planned);
  try {
    requireStepMemory(step, await loader.layout(), planned.accumulate, undefined, available);
  } finally {
    step.dispose();
    planned.optimizer.dispose();
    planned.ema?.dispose();
  }
}

/** Pixels of a batch that a step is tried on: with more, maps have too many values for an engine's own numbers. */
const LARGEST_TRIED = 2 ** 25;

/** What a step takes grows evenly with the batch: it is tried on one image and on `far`, the others lie on that line. */
function along(bytesOf: (count: number) => number, far: number): (count: number) => number {
  const tried = new Map<number, number>();
  const tryOn = (count: number): number => {
    const bytes = tried.get(count) ?? bytesOf(count);
    tried.set(count, bytes);
    return bytes;
  };
  return (count) => {
    if (count === 1 || count === far) return tryOn(count);
    const end = Math.max(2, far);
    return tryOn(1) + ((count - 1) * (tryOn(end) - tryOn(1))) / (end - 1);
  };
}
