import { limitsOf, nearestWithin, typeOf } from '../../pixelTypes.js';
import type { PixelOp } from './op.js';

/** The smaller image; grows to the largest seen by this thread. */
let small = new Float64Array(0);

/**
 * The image as if it had fewer pixels: nearest ones are taken, and between them is interpolated.
 *
 * @source batchgeneratorsv2's SimulateLowResolutionTransform: nearest-exact down, bilinear up
 */
export const lowResolution: PixelOp = {
  kind: 'pixels',
  images: 'any',
  value: 'part of the pixels along a side that are kept',
  limits: [0.05, 1],
  apply: ({ pixels, width, channels, region, first, end }, scale) => {
    const [rows, columns] = [region.bottom - region.top, region.right - region.left];
    const [height, breadth] = [Math.max(1, Math.round(rows * scale)), Math.max(1, Math.round(columns * scale))];
    if (rows === 0 || columns === 0) return;
    if (small.length < height * breadth) small = new Float64Array(height * breadth);
    const limits = limitsOf(typeOf(pixels));
    for (let c = first; c < end; c++) {
      const origin = (region.top * width + region.left) * channels + c;
      for (let y = 0; y < height; y++) {
        const from = origin + nearest(y, rows / height) * width * channels;
        for (let x = 0; x < breadth; x++) {
          small[y * breadth + x] = pixels[from + nearest(x, columns / breadth) * channels] as number;
        }
      }
      for (let y = 0; y < rows; y++) {
        const sy = between(y, height / rows, height);
        const upper = Math.floor(sy) * breadth;
        const lower = Math.min(height - 1, Math.floor(sy) + 1) * breadth;
        const dy = sy - Math.floor(sy);
        for (let x = 0; x < columns; x++) {
          const sx = between(x, breadth / columns, breadth);
          const left = Math.floor(sx);
          const right = Math.min(breadth - 1, left + 1);
          const dx = sx - left;
          const high = (small[upper + left] as number) * (1 - dx) + (small[upper + right] as number) * dx;
          const low = (small[lower + left] as number) * (1 - dx) + (small[lower + right] as number) * dx;
          pixels[origin + (y * width + x) * channels] = nearestWithin(limits, high * (1 - dy) + low * dy);
        }
      }
    }
  },
};

const nearest = (index: number, step: number): number => Math.floor((index + 0.5) * step);

/** Position among the pixels of the small image, not before the first or behind the last. */
const between = (index: number, step: number, count: number): number =>
  Math.min(count - 1, Math.max(0, (index + 0.5) * step - 0.5));
