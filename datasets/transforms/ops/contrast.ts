import { luma } from './luma.js';
import { rgbOp } from './op.js';
import { lookUp } from './tables.js';

/** @source Pillow's ImageEnhance.Contrast: a blend with the mean grey */
export const contrast = rgbOp({ value: 'factor about the mean grey', limits: [0, 10] }, (canvas, factor) => {
  const { pixels, width, region } = canvas;
  let sum = 0;
  for (let y = region.top; y < region.bottom; y++) {
    const end = (y * width + region.right) * 3;
    for (let at = (y * width + region.left) * 3; at < end; at += 3) sum += luma(pixels, at);
  }
  const count = (region.bottom - region.top) * (region.right - region.left);
  const mean = count === 0 ? 0 : Math.trunc(sum / count + 0.5);
  lookUp(canvas, (value) => mean + factor * (value - mean));
});
