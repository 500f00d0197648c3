import type { Preprocessing } from '../backbones/backbone.js';
import type { PixelType } from '../datasets/pixelTypes.js';
import type { AugmentConfig } from '../datasets/transforms/augment.js';
import { TASKS } from '../heads/index.js';
import { fillOf } from '../training/predictor.js';
import type { Experiment } from './schema.js';

/**
 * How training images are changed.
 *
 * @param size [height, width] of the network's input, pixels
 * @param preprocessing what the weights expect: what normalises to zero is where there is no image
 * @param type          of the pixels in a batch
 */
export function trainAugmentation(
  { task, augment }: Experiment,
  size: readonly [number, number],
  preprocessing: Preprocessing,
  type: PixelType = 'uint8',
): AugmentConfig {
  const defaults = TASKS[task].augmentation;
  const { brightness, contrast, saturation, hue, flipHorizontal, minVisible } = augment;
  return {
    size,
    fit: augment.fit ?? defaults.fit,
    scale: augment.scale ?? defaults.scale,
    flipHorizontal,
    flipVertical: augment.flipVertical ?? defaults.flipVertical,
    rotate90: augment.rotate90 ?? defaults.rotate90,
    color: { brightness, contrast, saturation, hue },
    fill: fillOf(preprocessing, type),
    ...(preprocessing.depth && { spread: preprocessing.std }),
    minVisible,
  };
}
