import { rgbOp } from './op.js';
import { lookUp } from './tables.js';

/** @source torchvision's adjust_gamma */
export const gamma = rgbOp({ value: 'exponent of the value as a part of 255', limits: [0.1, 10] }, (canvas, exponent) =>
  lookUp(canvas, (value) => 255 * (value / 255) ** exponent),
);
