import { rgbOp } from './op.js';
import { lookUp } from './tables.js';

/** @source Pillow's ImageOps.posterize */
export const posterize = rgbOp({ value: 'bits of each value that are kept', limits: [0, 8] }, (canvas, bits) => {
  const mask = ~(2 ** (8 - Math.trunc(bits)) - 1);
  lookUp(canvas, (value) => value & mask);
});
