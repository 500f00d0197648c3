import * as tf from '@tensorflow/tfjs';
import type { EncoderSource } from '../../datasets/encoder.js';
import { builtModule } from '../../datasets/loader/built.js';
import { loadEncoder } from '../../datasets/loader/fill.js';
import { ConfigError } from '../../engine/errors.js';
import { availableBytes, estimateMemory, type MemoryNeed, requireMemory } from '../../engine/tensorflow/memory.js';
import { createTrainingStep, type TrainableModel, type TrainingStep } from '../step.js';
import { type Plan, plan, type TrainOptions } from './options.js';
import { resizedArguments, type StepArguments, stepArguments } from './stepArguments.js';

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

/** The compiled step of a plan. */
export function planStep<Raw>(model: TrainableModel<Raw>, planned: Plan): TrainingStep {
  const { optimizer, ema, clipNorm, normMomentum, syncNorm, recompute } = planned;
  return createTrainingStep({
    ...{ model, optimizer, normMomentum, syncNorm, recompute },
    ...(ema ? { ema } : {}),
    ...(clipNorm === undefined ? {} : { clipNorm }),
  });
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
  const one = Object.entries(targets).map(([name, { shape, dtype }]) => {
    const size = shape.reduce((product, length) => product * length, 1);
    const data = dtype === 'float32' ? new Float32Array(size) : new Int32Array(size);
    return [name, { data, shape: [1, ...shape] }] as const;
  });
  const [height, width] = inputSize;
  const shape = [1, height, width, model.preprocessing.mean.length] as const;
  const images = new Uint8Array(shape.reduce((product, length) => product * length, 1));
  const planned = plan(model.parameters, { seed: 1, ...options, batchSize, steps: 1 }, 1);
  const step = planStep(model, planned);
  const single = stepArguments(planned, { images, shape, targets: Object.fromEntries(one) }, 0);
  const args = resizedArguments(single, batchSize);
  try {
    return estimateMemory(step, ...args);
  } finally {
    tf.dispose([single, args] as tf.TensorContainer[]);
    step.dispose();
    planned.optimizer.dispose();
    planned.ema?.dispose();
  }
}

/** What a step needs, beside what there is for it. */
export interface StepMemory extends MemoryNeed {
  readonly availableBytes: number;
}

/**
 * Compares what the step needs for a batch of these shapes with what is free and what the control group leaves. The trace
 * is the one that the first call uses.
 *
 * @throws EngineError naming the largest batch that fits
 */
export function requireStepMemory(
  step: TrainingStep,
  args: StepArguments,
  available: number = availableBytes(),
): StepMemory {
  const need = requireMemory(step, (count) => resizedArguments(args, count), args[0].shape[0], available);
  return { ...need, availableBytes: available };
}
