import * as tf from '@tensorflow/tfjs';
import type { TargetTypes } from '../../datasets/encoder.js';
import { ShapeError } from '../../engine/errors.js';
import { uploadImages } from '../../engine/images.js';
import type { TargetTensors } from '../../heads/head.js';
import { toTargets } from '../../heads/targets.js';
import type { TrainableModel } from '../step.js';
import { batchesOf, type TrainLoader } from './batch.js';

/** A batch on the device, with its place in the training. */
export interface TrainingBatch<Types extends TargetTypes = TargetTypes> {
  /** [N, H, W, C] as a training step takes them. */
  readonly images: tf.Tensor4D;
  /** As the head's encoder declares them. */
  readonly targets: TargetTensors<Types>;
  /** From 0. */
  readonly step: number;
  /** From 0. */
  readonly epoch: number;
}

/** Which batches of a training are given, and to whom. */
export interface TrainingBatchesOptions<Types extends TargetTypes> {
  /** Whose loss takes the targets. */
  readonly model: Pick<TrainableModel<unknown, Types>, 'loss' | 'preprocessing'>;
  /** The first step, from 0: those that are done. */
  readonly from: number;
  /** The step after the last. */
  readonly to: number;
}

/**
 * The batches of a training's steps, over as many epochs as that takes, each uploaded. A training that was stopped gets the same
 * ones when it continues. Tensors of a batch are disposed when the next is asked for.
 *
 * @throws ShapeError for images of other channels than the model's; DataError, ShapeError, ... as reading or encoding threw it
 */
export async function* trainingBatches<Types extends TargetTypes>(
  loader: Pick<TrainLoader, 'stepsPerEpoch' | 'batches'>,
  { model, from, to }: TrainingBatchesOptions<Types>,
): AsyncGenerator<TrainingBatch<Types>, void> {
  const channels = model.preprocessing.mean.length;
  for await (const { batch, step, epoch } of batchesOf(loader, from, to)) {
    if (batch.shape[3] !== channels)
      throw new ShapeError(
        `images have ${batch.shape[3]} channels, the model expects ${channels}: build its backbone with inChannels: ${batch.shape[3]}`,
      );
    const images = uploadImages(batch.images, batch.shape);
    const targets = toTargets<Types>(batch.targets);
    try {
      yield { images, targets, step, epoch };
    } finally {
      tf.dispose([images, ...Object.values<tf.Tensor>(targets)]);
      batch.release();
    }
  }
}
