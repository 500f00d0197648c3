import { rgbOp } from './op.js';

/** Rows above and at the one that is written, as they were. */
let above = new Uint8Array(0);
let here = new Uint8Array(0);

/** @source Pillow's ImageEnhance.Sharpness: a blend with ImageFilter.SMOOTH, whose border is the image's */
export const sharpness = rgbOp(
  { value: 'factor about the smoothed image', limits: [0, 10] },
  ({ pixels, width, region }, factor) => {
    const { left, top, right, bottom } = region;
    const length = (right - left) * 3;
    if (length < 9 || bottom - top < 3) return;
    if (here.length < length) [above, here] = [new Uint8Array(length), new Uint8Array(length)];
    const startOf = (y: number): number => (y * width + left) * 3;
    here.set(pixels.subarray(startOf(top), startOf(top) + length));
    for (let y = top + 1; y < bottom - 1; y++) {
      const start = startOf(y);
      const next = startOf(y + 1);
      [above, here] = [here, above];
      here.set(pixels.subarray(start, start + length));
      for (let x = 3; x < length - 3; x++) {
        const old = here[x] as number;
        const sum =
          (above[x - 3] as number) +
          (above[x] as number) +
          (above[x + 3] as number) +
          (here[x - 3] as number) +
          old * 5 +
          (here[x + 3] as number) +
          (pixels[next + x - 3] as number) +
          (pixels[next + x] as number) +
          (pixels[next + x + 3] as number);
        const smooth = Math.trunc(sum / 13 + 0.5);
        const value = smooth + factor * (old - smooth);
        pixels[start + x] = value < 0 ? 0 : value > 255 ? 255 : value;
      }
    }
  },
);
