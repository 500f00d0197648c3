import * as tf from '@tensorflow/tfjs';
import { hasGraphs } from '../../engine/compile.js';
import { uploadImages } from '../../engine/images.js';
import { hollow } from '../../engine/shapes/bytes.js';
import type { Scalars } from '../optimizers.js';
import { stepScalars, stepSeed, type TrainingStep } from '../step.js';
import { type BatchLayout, type TrainBatch, toTargets } from './batch.js';
import type { Plan } from './options.js';

export type StepArguments = Parameters<TrainingStep>;

/**
 * What the compiled step takes. The caller disposes the tensors.
 *
 * @param votes in a cluster: what this process asks of all
 */
export function stepArguments(
  plan: Plan,
  batch: Pick<TrainBatch, 'images' | 'shape' | 'targets'>,
  step: number,
  votes?: readonly boolean[],
): StepArguments {
  return [
    uploadImages(batch.images, batch.shape),
    toTargets(batch.targets),
    scalarsOf(plan, step, votes),
    stepSeed(plan.seed, step),
  ] as const satisfies StepArguments;
}

function scalarsOf({ optimizer, ema, schedule }: Plan, step: number, votes: readonly boolean[] = []): Scalars {
  const asked = votes.map((yes, i): [string, number] => [`vote${i}`, yes ? 1 : 0]);
  const numbers = [...Object.entries(stepScalars(optimizer, ema, step, schedule(step))), ...asked];
  return Object.fromEntries(numbers.map(([name, value]) => [name, tf.scalar(value, 'float32')]));
}

/**
 * Arguments as for a batch of these shapes, for estimates: they take no memory and hold no values.
 *
 * @param count images of the batch, in place of those of `shapes`
 */
export function hollowArguments(
  plan: Plan,
  { images: [, ...image], targets }: Pick<BatchLayout, 'images' | 'targets'>,
  count: number,
  votes?: readonly boolean[],
): StepArguments {
  const pixel = uploadImages(new Uint8Array(1), [1, 1, 1, 1]);
  const one = { float32: tf.scalar(0, 'float32'), int32: tf.scalar(0, 'int32') };
  const hollowTargets = Object.entries(targets).map(([name, { shape, dtype }]) => {
    return [name, hollow(one[dtype], [count, ...shape.slice(1)])] as const;
  });
  const hollowImages = hollow(pixel, [count, ...image]) as tf.Tensor4D;
  tf.dispose([pixel, one]);
  return [hollowImages, Object.fromEntries(hollowTargets), scalarsOf(plan, 0, votes), stepSeed(plan.seed, 0)];
}

/** Bytes of the images and targets; the engines keep an image's values as bytes or as 32-bit numbers. */
export function argumentBytes([images, targets]: StepArguments): number {
  const bytes = hasGraphs() ? images.size : 4 * images.size;
  return Object.values(targets).reduce((sum, { size }) => sum + 4 * size, bytes);
}
