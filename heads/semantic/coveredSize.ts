import { type FeatureInfo, mapSize } from '../../backbones/features.js';

/**
 * Size of the image that a map belongs to: networks are fully convolutional, so that a grid of another size than the planned
 * input gives belongs to another image, of whole strides.
 *
 * @param grid      [height, width] of the map, cells
 * @param inputSize [height, width] of the planned input, pixels
 * @returns         [height, width], pixels
 */
export function coveredSize(
  info: FeatureInfo,
  [height, width]: readonly [height: number, width: number],
  inputSize: readonly [height: number, width: number],
): readonly [height: number, width: number] {
  const [plannedHeight, plannedWidth] = mapSize(info, ...inputSize);
  const isPlanned = height === plannedHeight && width === plannedWidth;
  return isPlanned ? inputSize : [height * info.stride, width * info.stride];
}
