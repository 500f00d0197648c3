import { type Limits, limitsOf, nearestWithin, typeOf } from '../../pixelTypes.js';
import type { PixelData } from '../../sample.js';
import type { PixelOp } from './op.js';

/** A line with its mirrored ends; grows to the longest seen by this thread. */
let line = new Float64Array(0);

/**
 * A Gaussian along columns, then along rows; beyond the border the image is mirrored about its outermost pixels.
 *
 * @source torchvision's gaussian_blur, with the kernel that batchgeneratorsv2 takes: 6 sigma wide, an odd number of pixels
 */
export const blur: PixelOp = {
  kind: 'pixels',
  images: 'any',
  value: 'sigma, pixels of the input',
  limits: [0, 20],
  apply: ({ pixels, width, channels, region, first, end }, sigma, across) => {
    const columns = region.right - region.left;
    const rows = region.bottom - region.top;
    const down = kernelOf(sigma);
    const along = kernelOf(across);
    const limits = limitsOf(typeOf(pixels));
    for (let c = first; c < end; c++) {
      const origin = (region.top * width + region.left) * channels + c;
      for (let x = 0; x < columns; x++) blurLine(pixels, limits, down, origin + x * channels, width * channels, rows);
      for (let y = 0; y < rows; y++) blurLine(pixels, limits, along, origin + y * width * channels, channels, columns);
    }
  },
};

/** Weights of an odd number of pixels, which sum to 1. @source batchgeneratorsv2, transforms/noise/gaussian_blur.py */
export function kernelOf(sigma: number): Float64Array {
  const wished = sigma * 6 + 0.5;
  const nearest = Math.floor(wished / 2) * 2 + 1;
  const half = Math.max(0, (nearest - 1) / 2);
  const kernel = Float64Array.from({ length: 2 * half + 1 }, (_, i) =>
    sigma === 0 ? 1 : Math.exp(-0.5 * ((i - half) / sigma) ** 2),
  );
  const total = kernel.reduce((sum, weight) => sum + weight, 0);
  return kernel.map((weight) => weight / total);
}

function blurLine(
  pixels: PixelData,
  limits: Limits,
  kernel: Float64Array,
  origin: number,
  step: number,
  count: number,
): void {
  const half = (kernel.length - 1) / 2;
  if (half === 0 || count < 2) return;
  if (line.length < count + 2 * half) line = new Float64Array(count + 2 * half);
  for (let i = 0, at = origin; i < count; i++, at += step) line[i + half] = pixels[at] as number;
  for (let i = 1; i <= half; i++) {
    line[half - i] = line[half + mirrored(-i, count)] as number;
    line[half + count - 1 + i] = line[half + mirrored(count - 1 + i, count)] as number;
  }
  for (let i = 0; i < count; i++) {
    let sum = 0;
    for (let k = 0; k < kernel.length; k++) sum += (line[i + k] as number) * (kernel[k] as number);
    pixels[origin + i * step] = nearestWithin(limits, sum);
  }
}

/** Position on a line of `count` pixels that is mirrored about its ends. */
function mirrored(i: number, count: number): number {
  const period = 2 * (count - 1);
  const at = ((i % period) + period) % period;
  return at < count ? at : period - at;
}
