import type { Random } from '../../../engine/random.js';
import type { PixelData } from '../../sample.js';
import type { Affine } from '../affine.js';
import type { Deformation } from '../deformation.js';
import type { Region } from '../region.js';
import type { Fill } from '../warp.js';

/** What an op needs to be stated. */
interface Stated {
  /** What its value is, for people, with the unit. */
  readonly value: string;
  /** Smallest and largest value that a config may name. */
  readonly limits: readonly [least: number, most: number];
}

/** Moves the image. All that are drawn for an image become one map with its placement, so that it is resampled once. */
export interface GeometricOp extends Stated {
  readonly kind: 'geometric';
  /** @param random of what the value leaves open */
  readonly map: (value: number, frame: Frame, random: Random) => Affine;
}

/** Bends the image, in the resample that moves it, too. Several that are drawn for an image add their moves. */
export interface BendingOp extends Stated {
  readonly kind: 'bending';
  readonly field: (value: number, over: Rectangle, random: Random) => Deformation;
}

/** Where an image lies in an input, pixels. */
export interface Rectangle extends Size {
  readonly left: number;
  readonly top: number;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** What is moved, pixels of the input from (0, 0) on. */
export interface Frame extends Size {
  /** The whole image, where an object alone is moved. */
  readonly whole: Size;
}

/** Changes values, in place and inside of the region. */
export interface PixelOp extends Stated {
  readonly kind: 'pixels';
  /** `rgb8`: 8-bit RGB alone; `any`: every type and number of channels. */
  readonly images: 'rgb8' | 'any';
  /** @param across of some, a second value for the columns. Defaults to the first */
  readonly apply: (canvas: Canvas, value: number, across: number) => void;
}

export type Op = GeometricOp | BendingOp | PixelOp;

/** The part of a batch that an image lies in, while it is changed. */
export interface Canvas {
  /** [rows * width * channels]. */
  readonly pixels: PixelData;
  /** Pixels of a row. */
  readonly width: number;
  readonly channels: number;
  /** Where the image is. */
  readonly region: Region;
  /** Channels [first, end) that are changed; of 8-bit RGB always all. */
  readonly first: number;
  readonly end: number;
  /** Value of each channel where nothing is. */
  readonly fill: Fill;
  /** Standard deviation of each channel. */
  readonly spread: readonly number[];
  /** [M, 4] x1 y1 x2 y2 of the objects in the input, pixels; empty where there are none. */
  readonly boxes: Float64Array;
  readonly random: Random;
}

/** The pixels of an 8-bit RGB image. */
export type RgbCanvas = Canvas & { readonly pixels: Uint8Array };

/** An op of 8-bit RGB images: nothing happens to others, which are refused where a config is read. */
export const rgbOp = (
  stated: Stated,
  apply: (canvas: RgbCanvas, value: number) => void,
): PixelOp & { readonly images: 'rgb8' } => ({
  ...stated,
  kind: 'pixels',
  images: 'rgb8',
  apply: (canvas, value) => {
    const { pixels, channels } = canvas;
    if (pixels instanceof Uint8Array && channels === 3) apply({ ...canvas, pixels }, value);
  },
});

/** For an op without a value. */
export const NO_VALUE: Stated = { value: 'none', limits: [0, 1] };
