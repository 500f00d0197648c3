import { rgbOp } from './op.js';
import { lookUp } from './tables.js';

/** @source Pillow's ImageOps.solarize */
export const solarize = rgbOp({ value: 'values from this on are inverted', limits: [0, 256] }, (canvas, threshold) =>
  lookUp(canvas, (value) => (value < threshold ? value : 255 - value)),
);
