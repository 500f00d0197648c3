import type { Random } from '../../engine/random.js';
import type { Placement } from '../placement.js';
import type { PixelData, Pixels, Sample, Truth } from '../sample.js';
import { type Affine, affineOf, apply, compose, IDENTITY, mirrorX, mirrorY, quarterTurn } from './affine.js';
import { type ColorChange, type ColorJitter, changeColor, drawColor } from './color.js';
import { type Foreground, pickForeground } from './foreground.js';
import { changeIntensity } from './intensity.js';
import { type Spacing, scalesTo } from './spacing.js';
import { type Movement, moveTruth } from './truths.js';
import { type Fill, warpImage } from './warp.js';

export interface AugmentConfig {
  /** [height, width] of the network's input, pixels. */
  readonly size: readonly [number, number];
  /** Base scale: `letterbox` fits the whole image with its aspect kept; `native` keeps its pixels and crops. */
  readonly fit: 'letterbox' | 'native';
  /** [low, high) of the factor on the base scale; what is then larger than the input is cropped at a random place. */
  readonly scale: readonly [number, number];
  /** Probabilities. */
  readonly flipHorizontal: number;
  readonly flipVertical: number;
  /** Probability of one, two or three quarter turns, equally likely. */
  readonly rotate90: number;
  readonly color: ColorJitter;
  /** Value of each channel where the image is not. */
  readonly fill: Fill;
  /**
   * Standard deviation of each channel, in units of the pixels, of images that are no 8-bit RGB: brightness moves them by its
   * parts, contrast spreads them, and hue and saturation do nothing. Absent: 8-bit RGB.
   */
  readonly spread?: readonly number[];
  /** Boxes with a smaller share of their area left in the crop are dropped, fraction. */
  readonly minVisible: number;
  /** `native`: millimetres that pixels of the input are apart; images are then cubic, class maps linear. Absent: as they are. */
  readonly spacing?: Spacing;
  /** Crops that are centred on what has a class. Absent: none. */
  readonly foreground?: Foreground;
}

/** No randomness: the image letterboxed into the input. */
export const plain = (size: readonly [number, number], fill: Fill = [0, 0, 0]): AugmentConfig => ({
  size,
  fit: 'letterbox',
  scale: [1, 1],
  flipHorizontal: 0,
  flipVertical: 0,
  rotate90: 0,
  color: { brightness: 0, contrast: 0, saturation: 0, hue: 0 },
  fill,
  minVisible: 0.1,
});

/** What happens to one image, decided before a pixel is read. */
export interface Augmentation extends Movement {
  /** How the image lies in the input once it is flipped and turned; exact for the original when it is neither. */
  readonly placement: Placement;
  readonly color: ColorChange;
  readonly fill: Fill;
  readonly spread?: readonly number[];
}

/**
 * Always takes the same number of draws, so that a probability set to 0 does not change the other decisions.
 *
 * @param truth what crops may be centred on. Absent: they are not
 */
export function drawAugmentation(
  config: AugmentConfig,
  image: Pick<Pixels, 'width' | 'height' | 'spacing'>,
  random: Random,
  truth?: Truth,
): Augmentation {
  const oriented = drawOrientation(config, image, random);
  const drawn = drawPlacement(config, oriented, random);
  const color = drawColor(config.color, random);
  const point = config.foreground && truth ? pickForeground(truth, config.foreground, random) : null;
  const placement = point === null ? drawn : centredOn(apply(oriented.affine, point), drawn, config.size);
  return {
    affine: compose(oriented.affine, affineOf(placement)),
    placement,
    color,
    size: config.size,
    fill: config.fill,
    ...(config.spread && { spread: config.spread }),
    minVisible: config.minVisible,
    ...(config.spacing && { isSmooth: true }),
  };
}

interface Oriented {
  readonly affine: Affine;
  readonly width: number;
  readonly height: number;
  readonly spacing?: Spacing;
}

function drawOrientation(
  config: AugmentConfig,
  { width, height, spacing }: Pick<Pixels, 'width' | 'height' | 'spacing'>,
  random: Random,
): Oriented {
  const flipX = random.next() < config.flipHorizontal;
  const flipY = random.next() < config.flipVertical;
  const isTurned = random.next() < config.rotate90;
  const turns = 1 + random.integer(3);
  let affine = flipX ? mirrorX(width) : IDENTITY;
  if (flipY) affine = compose(affine, mirrorY(height));
  let oriented: Oriented = { affine, width, height, ...(spacing && { spacing }) };
  for (let turn = 0; isTurned && turn < turns; turn++) {
    oriented = {
      affine: compose(oriented.affine, quarterTurn(oriented.height)),
      width: oriented.height,
      height: oriented.width,
      ...(oriented.spacing && { spacing: [oriented.spacing[1], oriented.spacing[0]] as const }),
    };
  }
  return oriented;
}

/** @source random resize and crop as in the released EfficientDet training (Tan et al. 2020, arXiv:1911.09070, 5.1) */
function drawPlacement(config: AugmentConfig, image: Oriented, random: Random): Placement {
  const [height, width] = config.size;
  const fitted = Math.min(height / image.height, width / image.width);
  const base = config.fit === 'native' ? scalesTo(image, config.spacing) : { scaleX: fitted, scaleY: fitted };
  const drawn = random.uniform(config.scale[0], config.scale[1]);
  const [scaleX, scaleY] = [base.scaleX * drawn, base.scaleY * drawn];
  const crop = (excess: number): number => 0 - random.integer(Math.max(0, Math.floor(excess)) + 1);
  return {
    width: image.width,
    height: image.height,
    scaleX,
    scaleY,
    offsetX: crop(image.width * scaleX - width),
    offsetY: crop(image.height * scaleY - height),
  };
}

/** The placement with its crop moved until a point of the image is in its middle, as far as there is image. */
function centredOn(
  [x, y]: readonly [number, number],
  placement: Placement,
  [height, width]: readonly [number, number],
): Placement {
  const { scaleX, scaleY } = placement;
  const moved = (side: number, at: number, size: number): number =>
    0 - Math.min(Math.max(0, Math.floor(size - side)), Math.max(0, Math.round(at - side / 2)));
  return {
    ...placement,
    offsetX: moved(width, x * scaleX, placement.width * scaleX),
    offsetY: moved(height, y * scaleY, placement.height * scaleY),
  };
}

/**
 * Draws the image into its place of a batch and moves its truth along.
 *
 * @param into [height * width * channels], of the image's type or float32
 * @returns    the truth in input pixels
 */
export function applyAugmentation<T extends Truth>(sample: Sample<T>, drawn: Augmentation, into: PixelData): T {
  const { affine, size, fill, spread, color, isSmooth } = drawn;
  const region = warpImage(sample.image, affine, into, size, fill, isSmooth ? 'cubic' : 'linear');
  if (spread) changeIntensity(into, size[1], region, color, spread);
  else if (into instanceof Uint8Array) changeColor(into, size[1], region, color);
  return moveTruth(sample.truth, drawn) as T;
}
