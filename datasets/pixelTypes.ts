import { ShapeError } from '../engine/errors.js';
import type { PixelData, Pixels } from './sample.js';

/** Types that pixels are kept in. */
export const PIXEL_TYPES = ['uint8', 'uint16', 'int16', 'float32'] as const;
export type PixelType = (typeof PIXEL_TYPES)[number];

const ARRAYS = {
  uint8: Uint8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  float32: Float32Array,
} as const satisfies { readonly [type in PixelType]: unknown };
const BYTES = { uint8: 1, uint16: 2, int16: 2, float32: 4 } as const;
const RANGES = { uint8: [0, 255], uint16: [0, 65_535], int16: [-32_768, 32_767] } as const;

export const bytesOf = (type: PixelType): number => BYTES[type];

/** The type of pixels, by their array. */
export function typeOf(data: PixelData): PixelType {
  if (data instanceof Uint8Array) return 'uint8';
  if (data instanceof Uint16Array) return 'uint16';
  return data instanceof Int16Array ? 'int16' : 'float32';
}

export const createPixels = (type: PixelType, count: number): PixelData => new ARRAYS[type](count);

/** Pixels in memory of a batch. @param offset bytes, a multiple of the type's */
export function viewPixels(type: PixelType, buffer: ArrayBufferLike, offset: number, count: number): PixelData {
  if (type === 'uint8') return new Uint8Array(buffer, offset, count);
  if (type === 'uint16') return new Uint16Array(buffer, offset, count);
  return type === 'int16' ? new Int16Array(buffer, offset, count) : new Float32Array(buffer, offset, count);
}

/** @throws ShapeError when the values are no whole number of channels */
export function channelsOf({ data, width, height }: Pixels): number {
  const channels = data.length / (width * height);
  if (Number.isInteger(channels) && channels > 0) return channels;
  throw new ShapeError(
    `${data.length} values are no image of ${width} x ${height} pixels: give height * width * channels`,
  );
}

/** @throws ShapeError for an image of another number of channels than the network sees */
export function requireChannels(image: Pixels, expected: number): void {
  const found = channelsOf(image);
  if (found === expected) return;
  throw new ShapeError(
    `the image has ${found} channels, the network takes ${expected}: give it images like those that it was trained on`,
  );
}

/** The type that holds the values of all these; float32 where none of the others does. */
export function commonType(types: Iterable<PixelType>): PixelType {
  const [first = 'uint8', ...rest] = new Set(types);
  if (rest.length === 0) return first;
  const others = [first, ...rest].filter((type) => type !== 'uint8');
  return others.length === 1 && others[0] !== undefined ? others[0] : 'float32';
}

/** What a type holds, for loops over many values. */
export interface Limits {
  /** Whole numbers alone. */
  readonly isWhole: boolean;
  readonly least: number;
  readonly most: number;
}

export function limitsOf(type: PixelType): Limits {
  const [least, most] = type === 'float32' ? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] : RANGES[type];
  return { isWhole: type !== 'float32', least, most };
}

/** The value nearest to `value` that is within limits. */
export function nearestWithin({ isWhole, least, most }: Limits, value: number): number {
  if (!isWhole) return value;
  const rounded = Math.round(value);
  return rounded < least ? least : rounded > most ? most : rounded;
}

/** The value nearest to `value` that a type holds. */
export const nearestValue = (type: PixelType, value: number): number => nearestWithin(limitsOf(type), value);
