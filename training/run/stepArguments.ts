import * as tf from '@tensorflow/tfjs';
import { uploadImages } from '../../engine/images.js';
import { stepScalars, stepSeed, type TrainingStep } from '../step.js';
import { type TrainBatch, toTargets } from './batch.js';
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
  votes: readonly boolean[] = [],
) {
  const { optimizer, ema, schedule, seed } = plan;
  const asked = votes.map((yes, i): [string, number] => [`vote${i}`, yes ? 1 : 0]);
  const numbers = [...Object.entries(stepScalars(optimizer, ema, step, schedule(step))), ...asked];
  return [
    uploadImages(batch.images, batch.shape),
    toTargets(batch.targets),
    Object.fromEntries(numbers.map(([name, value]) => [name, tf.scalar(value, 'float32')])),
    stepSeed(seed, step),
  ] as const satisfies StepArguments;
}

/** Arguments of the same shapes for another number of images; the images are black, the targets 0. */
export function resizedArguments([images, targets, scalars, seed]: StepArguments, count: number): StepArguments {
  const [batch, height, width, channels] = images.shape;
  const copies = { ...scalars };
  for (const [name, scalar] of Object.entries(scalars)) copies[name] = tf.clone(scalar);
  if (count === batch) {
    const own = Object.entries(targets).map(([name, target]) => [name, tf.clone(target)] as const);
    return [tf.clone(images), Object.fromEntries(own), copies, tf.clone(seed)];
  }
  const blank = Object.entries(targets).map(([name, { shape, dtype }]) => {
    return [name, tf.zeros([count, ...shape.slice(1)], dtype)] as const;
  });
  const pixels = new Uint8Array(count * height * width * channels);
  return [uploadImages(pixels, [count, height, width, channels]), Object.fromEntries(blank), copies, tf.clone(seed)];
}
