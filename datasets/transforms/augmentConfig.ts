import type { ColorJitter } from './color.js';
import type { Foreground } from './foreground.js';
import type { MixingConfig } from './mixing.js';
import type { OpName } from './ops/index.js';
import type { Spacing } from './spacing.js';
import type { Fill } from './warp.js';

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
  /** Name of a policy whose ops follow. Defaults to none. */
  readonly policy?: string;
  /** Ops that follow, in their order. Defaults to none. */
  readonly ops?: readonly OpRule[];
  /** Several images in one. Defaults to none. */
  readonly mixing?: MixingConfig;
  /** Pixels that are 0 in every channel stay so, as what was left out of an image's statistics. Defaults to false. */
  readonly keepsZeros?: boolean;
}

/** An op of a config: how often it is drawn, and how strong. */
export interface OpRule {
  readonly op: OpName;
  /** Fraction. */
  readonly probability: number;
  /** The value is uniform in it. */
  readonly range: readonly [least: number, most: number];
}
