import { luma } from './luma.js';
import { rgbOp } from './op.js';

/** @source Pillow's ImageEnhance.Color: a blend with the image's grey */
export const color = rgbOp(
  { value: 'factor about the grey of each pixel', limits: [0, 10] },
  ({ pixels, width, region }, factor) => {
    for (let y = region.top; y < region.bottom; y++) {
      const end = (y * width + region.right) * 3;
      for (let at = (y * width + region.left) * 3; at < end; at += 3) {
        const grey = luma(pixels, at);
        for (let c = at; c < at + 3; c++) {
          const value = grey + factor * ((pixels[c] as number) - grey);
          pixels[c] = value < 0 ? 0 : value > 255 ? 255 : value;
        }
      }
    }
  },
);
