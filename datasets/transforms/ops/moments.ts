import { limitsOf, nearestWithin, typeOf } from '../../pixelTypes.js';
import type { Canvas } from './op.js';

/** What the values of a channel are inside of the region. */
export interface Moments {
  readonly count: number;
  readonly mean: number;
  /** Standard deviation, of count - 1. */
  readonly std: number;
  readonly least: number;
  readonly most: number;
}

/** The values of a channel, row by row; grows to the largest input of this thread. */
let values = new Float64Array(0);

/** A copy of the values of a channel inside of the region, valid until the next one is asked for. */
export function valuesOf({ pixels, width, channels, region }: Canvas, channel: number): Float64Array {
  const { left, top, right, bottom } = region;
  const count = (right - left) * (bottom - top);
  if (values.length < count) values = new Float64Array(count);
  let to = 0;
  for (let y = top; y < bottom; y++) {
    const end = (y * width + right) * channels + channel;
    for (let at = (y * width + left) * channels + channel; at < end; at += channels)
      values[to++] = pixels[at] as number;
  }
  return values.subarray(0, count);
}

/** Sums are of differences to the first value, which loses no digits. */
export function momentsOf(found: Float64Array): Moments {
  const count = found.length;
  const origin = found[0] ?? 0;
  let sum = 0;
  let squares = 0;
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < count; i++) {
    const value = found[i] as number;
    const difference = value - origin;
    sum += difference;
    squares += difference * difference;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  const mean = sum / count;
  return { count, mean: mean + origin, std: Math.sqrt(Math.max(0, squares - sum * mean) / (count - 1)), least, most };
}

/** Writes values back as value * factor + offset, between two bounds, rounded and clipped where the type asks for it. */
export function writeValues(
  { pixels, width, channels, region }: Canvas,
  channel: number,
  found: Float64Array,
  factor: number,
  offset: number,
  least = Number.NEGATIVE_INFINITY,
  most = Number.POSITIVE_INFINITY,
): void {
  const limits = limitsOf(typeOf(pixels));
  let from = 0;
  for (let y = region.top; y < region.bottom; y++) {
    const end = (y * width + region.right) * channels + channel;
    for (let at = (y * width + region.left) * channels + channel; at < end; at += channels) {
      const value = (found[from++] as number) * factor + offset;
      pixels[at] = nearestWithin(limits, value < least ? least : value > most ? most : value);
    }
  }
}
