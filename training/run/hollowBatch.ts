import * as tf from '@tensorflow/tfjs';
import { createPixels } from '../../datasets/pixelTypes.js';
import { hasGraphs } from '../../engine/compile.js';
import { uploadImages } from '../../engine/images.js';
import { hollow } from '../../engine/shapes/bytes.js';
import type { TargetTensors } from '../../heads/head.js';
import type { BatchLayout } from './batch.js';

/** Images and targets of a batch on the device. */
export interface DeviceBatch {
  readonly images: tf.Tensor4D;
  readonly targets: TargetTensors;
}

/**
 * A batch of these shapes, for estimates: it takes no memory and holds no values. The caller disposes it.
 *
 * @param count images of the batch, in place of those of `layout`
 */
export function hollowBatch(
  { images: [, ...image], type = 'uint8', targets }: Pick<BatchLayout, 'images' | 'type' | 'targets'>,
  count: number,
): DeviceBatch {
  const pixel = uploadImages(createPixels(type, 1), [1, 1, 1, 1]);
  const one = { float32: tf.scalar(0, 'float32'), int32: tf.scalar(0, 'int32') };
  const hollowTargets = Object.entries(targets).map(([name, { shape, dtype }]) => {
    return [name, hollow(one[dtype], [count, ...shape.slice(1)])] as const;
  });
  const images = hollow(pixel, [count, ...image]) as tf.Tensor4D;
  tf.dispose([pixel, one]);
  return { images, targets: Object.fromEntries(hollowTargets) as TargetTensors };
}

/** Bytes of the images and targets; the engines keep an image's values as bytes or as 32-bit numbers. */
export function batchBytes({ images, targets }: DeviceBatch): number {
  const bytes = hasGraphs() && images.dtype !== 'float32' ? images.size : 4 * images.size;
  return Object.values(targets).reduce((sum, { size }) => sum + 4 * size, bytes);
}
