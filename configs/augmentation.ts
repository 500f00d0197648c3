import type { AugmentConfig } from '../datasets/transforms/augment.js';
import type { Rgb } from '../datasets/transforms/warp.js';
import { TASKS } from '../heads/index.js';
import type { Experiment } from './schema.js';

/**
 * How training images are changed.
 *
 * @param size [height, width] of the network's input, pixels
 * @param fill colour, 0..255, that the weights take for nothing: where there is no image
 */
export function trainAugmentation(
  { task, augment }: Experiment,
  size: readonly [number, number],
  fill: Rgb,
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
    fill,
    minVisible,
  };
}
