import { limitsOf, nearestWithin, typeOf } from '../pixelTypes.js';
import type { PixelData } from '../sample.js';
import type { ColorChange } from './color.js';
import type { Region } from './region.js';

/**
 * Contrast about the region's own mean of each channel, then brightness as a shift by parts of the channel's spread: the
 * change is the same for every unit that values are measured in. What a type does not hold is clipped to it.
 *
 * @param pixels [height * width * channels], changed in place inside `region`
 * @param width  pixels of a row
 * @param spread standard deviation of each channel
 */
export function changeIntensity(
  pixels: PixelData,
  width: number,
  region: Region,
  { brightness, contrast }: Pick<ColorChange, 'brightness' | 'contrast'>,
  spread: readonly number[],
): void {
  if (brightness === 1 && contrast === 1) return;
  const channels = spread.length;
  const limits = limitsOf(typeOf(pixels));
  const count = (region.bottom - region.top) * (region.right - region.left);
  for (let c = 0; c < channels && count > 0; c++) {
    const each = (change: (value: number, at: number) => void): void => {
      for (let y = region.top; y < region.bottom; y++) {
        for (let x = region.left; x < region.right; x++) {
          const at = (y * width + x) * channels + c;
          change(pixels[at] as number, at);
        }
      }
    };
    let sum = 0;
    each((value) => {
      sum += value;
    });
    const offset = (1 - contrast) * (sum / count) + (brightness - 1) * (spread[c] as number);
    each((value, at) => {
      pixels[at] = nearestWithin(limits, value * contrast + offset);
    });
  }
}
