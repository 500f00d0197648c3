import type { Preprocessing } from '../backbones/backbone.js';
import { BACKGROUND } from '../datasets/labels.js';
import type { PixelType } from '../datasets/pixelTypes.js';
import type { LabelMap } from '../datasets/sample.js';
import type { AugmentConfig } from '../datasets/transforms/augment.js';
import { TASKS } from '../heads/index.js';
import { fillOf } from '../training/predictor.js';
import type { Experiment } from './schema.js';

/**
 * How training images are changed.
 *
 * @param size [height, width] of the network's input, pixels
 * @param preprocessing what the weights expect: what normalises to zero is where there is no image
 * @param type   of the pixels in a batch. Defaults to uint8
 * @param labels in which a background is found. Absent: there is none
 */
export function trainAugmentation(
  { task, augment }: Experiment,
  size: readonly [number, number],
  preprocessing: Preprocessing,
  { type = 'uint8', labels }: { readonly type?: PixelType; readonly labels?: LabelMap } = {},
): AugmentConfig {
  const defaults = TASKS[task].augmentation;
  const { brightness, contrast, saturation, hue, flipHorizontal, minVisible, foreground } = augment;
  const background = labels?.classes.findIndex(({ name }) => name === BACKGROUND) ?? -1;
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
    ...(preprocessing.spacing && { spacing: preprocessing.spacing }),
    ...(foreground > 0 && { foreground: { share: foreground, background: background < 0 ? null : background } }),
  };
}
