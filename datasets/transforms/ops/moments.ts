import { nearestValue, typeOf } from '../../pixelTypes.js';
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

export function momentsOf({ pixels, width, channels, region }: Canvas, channel: number): Moments {
  let [count, sum, squares, least, most] = [0, 0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  /** Sums of differences to a value of the image lose no digits. */
  const origin = pixels[(region.top * width + region.left) * channels + channel] ?? 0;
  for (let y = region.top; y < region.bottom; y++) {
    const end = (y * width + region.right) * channels + channel;
    for (let at = (y * width + region.left) * channels + channel; at < end; at += channels) {
      const value = pixels[at] as number;
      count++;
      sum += value - origin;
      squares += (value - origin) ** 2;
      if (value < least) least = value;
      if (value > most) most = value;
    }
  }
  const mean = sum / count;
  return { count, mean: mean + origin, std: Math.sqrt(Math.max(0, squares - sum * mean) / (count - 1)), least, most };
}

/** Replaces the values of a channel inside of the region by `of(value)`, rounded and clipped where the type asks for it. */
export function replaceValues(
  { pixels, width, channels, region }: Canvas,
  channel: number,
  of: (value: number) => number,
): void {
  const type = typeOf(pixels);
  for (let y = region.top; y < region.bottom; y++) {
    const end = (y * width + region.right) * channels + channel;
    for (let at = (y * width + region.left) * channels + channel; at < end; at += channels) {
      pixels[at] = nearestValue(type, of(pixels[at] as number));
    }
  }
}
