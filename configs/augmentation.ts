import type { AugmentConfig } from '../datasets/transforms/augment.js';
import type { Rgb } from '../datasets/transforms/warp.js';
import type { Experiment } from './schema.js';

/** What null stands for in the config: objects keep their direction and are seen whole, tissue has neither. */
const BY_TASK = {
  detection: { fit: 'letterbox', scale: [0.7, 1.6], flipVertical: 0, rotate90: 0 },
  segmentation: { fit: 'native', scale: [1, 1], flipVertical: 0.5, rotate90: 0.75 },
} as const;

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
  const preset = BY_TASK[task];
  const { brightness, contrast, saturation, hue, flipHorizontal, minVisible } = augment;
  return {
    size,
    fit: augment.fit ?? preset.fit,
    scale: augment.scale ?? preset.scale,
    flipHorizontal,
    flipVertical: augment.flipVertical ?? preset.flipVertical,
    rotate90: augment.rotate90 ?? preset.rotate90,
    color: { brightness, contrast, saturation, hue },
    fill,
    minVisible,
  };
}
