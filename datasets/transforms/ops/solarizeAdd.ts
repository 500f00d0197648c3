import { rgbOp } from './op.js';
import { lookUp } from './tables.js';

/** @source timm's auto_augment.py, solarize_add */
export const solarizeAdd = rgbOp({ value: 'added to values below 128', limits: [0, 128] }, (canvas, added) =>
  lookUp(canvas, (value) => (value < 128 ? value + Math.trunc(added) : value)),
);
