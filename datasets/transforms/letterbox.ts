import { channelsOf, createPixels, type PixelType, typeOf } from '../pixelTypes.js';
import type { Placement } from '../placement.js';
import type { PixelData, Pixels } from '../sample.js';
import { affineOf } from './affine.js';
import type { Kernel } from './axis.js';
import { type Spacing, scalesTo } from './spacing.js';
import { type Fill, warpImage } from './warp.js';

/** An image laid into a network's input. */
export interface Letterboxed {
  /** [height * width * channels]. */
  readonly data: PixelData;
  readonly height: number;
  readonly width: number;
  readonly placement: Placement;
}

/** Where an image goes that is resized with its aspect kept until it touches a side of the input, at the top left. */
export function letterboxPlacement(
  image: { readonly width: number; readonly height: number },
  [height, width]: readonly [number, number],
): Placement {
  const scale = Math.min(height / image.height, width / image.width);
  return { width: image.width, height: image.height, scaleX: scale, scaleY: scale, offsetX: 0, offsetY: 0 };
}

/**
 * @param size [height, width] of the input, pixels
 * @param type of the result. Defaults to the image's own
 */
export function letterbox(
  image: Pixels,
  size: readonly [number, number],
  fill: Fill,
  type: PixelType = typeOf(image.data),
): Letterboxed {
  return lay(image, letterboxPlacement(image, size), size, fill, type);
}

/**
 * The image at its own scale, or laid at a spacing, where the input has room for it, else made smaller; at the top left.
 *
 * @param size    [height, width] of the input, pixels
 * @param spacing millimetres that pixels of the input are apart; images that say their own are resampled cubic. Absent: they keep their own scale
 */
export function fitNative(image: Pixels, size: readonly [number, number], fill: Fill, spacing?: Spacing): Letterboxed {
  const { width, height } = image;
  const { scaleX, scaleY } = scalesTo(image, spacing);
  const share = Math.min(1, size[0] / Math.round(height * scaleY), size[1] / Math.round(width * scaleX));
  const placement = { width, height, scaleX: scaleX * share, scaleY: scaleY * share, offsetX: 0, offsetY: 0 };
  return lay(image, placement, size, fill, typeOf(image.data), spacing ? 'cubic' : 'linear');
}

/**
 * Where an image goes that keeps its own scale, or is laid at a spacing, at the top left; the input's sides divide by `multiple` (the
 * coarsest stride).
 */
export function paddedPlacement(
  image: Pick<Pixels, 'width' | 'height' | 'spacing'>,
  multiple: number,
  spacing?: Spacing,
): { readonly placement: Placement; readonly size: readonly [height: number, width: number] } {
  const up = (length: number): number => Math.ceil(Math.round(length) / multiple) * multiple;
  const { width, height } = image;
  const scales = scalesTo(image, spacing);
  const placement = { width, height, ...scales, offsetX: 0, offsetY: 0 };
  return { placement, size: [up(height * scales.scaleY), up(width * scales.scaleX)] };
}

export interface PaddedOptions {
  /** Pixel type of the result. Defaults to the image's own. */
  readonly type?: PixelType;
  /** Millimetres that pixels of the result are apart; images that say their own are resampled cubic. Absent: they keep their own scale. */
  readonly spacing?: Spacing | undefined;
}

/** The image at its own scale or a spacing, padded right and below until both sides divide by `multiple`. */
export function padToMultiple(
  image: Pixels,
  multiple: number,
  fill: Fill,
  { type = typeOf(image.data), spacing }: PaddedOptions = {},
): Letterboxed {
  const { placement, size } = paddedPlacement(image, multiple, spacing);
  return lay(image, placement, size, fill, type, spacing ? 'cubic' : 'linear');
}

function lay(
  image: Pixels,
  placement: Placement,
  size: readonly [number, number],
  fill: Fill,
  type: PixelType,
  kernel: Kernel = 'linear',
): Letterboxed {
  const [height, width] = size;
  const data = createPixels(type, height * width * channelsOf(image));
  warpImage(image, affineOf(placement), data, size, fill, kernel);
  return { data, height, width, placement };
}
