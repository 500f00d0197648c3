import { createRandom, type Random } from '../../engine/random.js';
import { channelsOf } from '../pixelTypes.js';
import type { Placement } from '../placement.js';
import type { PixelData, Pixels, Sample, Truth } from '../sample.js';
import { type Affine, affineOf, apply, compose, IDENTITY, mirrorX, mirrorY, quarterTurn } from './affine.js';
import type { AugmentConfig } from './augmentConfig.js';
import { applyCalls, bendingOf, movementOf, remaining } from './calls.js';
import { type ColorChange, changeColor, drawColor } from './color.js';
import { pickForeground } from './foreground.js';
import { changeIntensity } from './intensity.js';
import type { Rectangle } from './ops/op.js';
import { drawRules, policyOf } from './policies/index.js';
import type { OpCall } from './policies/policy.js';
import { type Spacing, scalesTo } from './spacing.js';
import { type Movement, moveTruth } from './truths.js';
import { type Fill, warpImage } from './warp.js';

export type { AugmentConfig };

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
  readonly keepsZeros?: boolean;
  /** Ops on the pixels in their place. Defaults to none. */
  readonly calls?: readonly OpCall[];
  /** Seed of the random draws. */
  readonly seed?: number;
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
  const laid = compose(oriented.affine, affineOf(placement));
  const calls = drawCalls(config, placement, random);
  const shown = shownOf(placement, config.size);
  const moved = calls.length === 0 ? laid : compose(laid, movementOf(calls, shown, random));
  const deformation = bendingOf(calls, shown, random);
  return {
    affine: moved,
    ...(deformation && { deformation }),
    placement,
    color,
    size: config.size,
    fill: config.fill,
    ...(config.spread && { spread: config.spread }),
    minVisible: config.minVisible,
    ...(config.spacing && { isSmooth: true }),
    ...(calls.length > 0 && { calls: remaining(calls), seed: random.integer(2 ** 32) }),
    ...(config.keepsZeros && { keepsZeros: true }),
  };
}

function drawCalls(
  { policy, ops = [], size, fill }: AugmentConfig,
  placement: Placement,
  random: Random,
): readonly OpCall[] {
  const { width, height } = shownOf(placement, size);
  const own =
    policy === undefined
      ? []
      : policyOf(policy).draw({ frame: { width, height }, size, channels: fill.length, random });
  return [...own, ...drawRules(ops, random)];
}

/** The part of the input that the placed image covers. */
function shownOf(
  { width, height, scaleX, scaleY, offsetX, offsetY }: Placement,
  size: readonly [number, number],
): Rectangle {
  const [left, top] = [Math.max(0, offsetX), Math.max(0, offsetY)];
  return {
    left,
    top,
    width: Math.min(size[1], offsetX + width * scaleX) - left,
    height: Math.min(size[0], offsetY + height * scaleY) - top,
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
  const { affine, deformation, size, fill, spread, color, calls, seed = 0, keepsZeros, isSmooth } = drawn;
  const region = warpImage(sample.image, affine, into, size, fill, isSmooth ? 'cubic' : 'linear', deformation);
  const channels = channelsOf(sample.image);
  const zeros = keepsZeros ? zerosOf(into, channels) : null;
  if (spread) changeIntensity(into, size[1], region, color, spread);
  else if (into instanceof Uint8Array) changeColor(into, size[1], region, color);
  const truth = moveTruth(sample.truth, drawn) as T;
  if (calls && calls.length > 0) {
    const placed = { pixels: into, size, channels, region, fill, spread: spread ?? IMAGENET_SPREAD, truth };
    applyCalls(calls, placed, createRandom([seed]));
  }
  if (zeros) {
    zeros.forEach((isZero, i) => {
      if (isZero) into.fill(0, i * channels, (i + 1) * channels);
    });
  }
  return truth;
}

/** Standard deviation of red, green and blue in natural images, of 255. @source torchvision's ImageNet transforms */
const IMAGENET_SPREAD = [58.395, 57.12, 57.375] as const;

/** Which pixels are 0 in every channel; grows to the largest input of this thread. */
let zeroMap = new Uint8Array(0);

function zerosOf(pixels: PixelData, channels: number): Uint8Array {
  const count = pixels.length / channels;
  if (zeroMap.length < count) zeroMap = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    let isZero = 1;
    for (let at = i * channels; at < (i + 1) * channels && isZero === 1; at++) if (pixels[at] !== 0) isZero = 0;
    zeroMap[i] = isZero;
  }
  return zeroMap.subarray(0, count);
}
