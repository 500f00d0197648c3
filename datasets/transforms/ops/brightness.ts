import { rgbOp } from './op.js';
import { lookUp } from './tables.js';

/** @source Pillow's ImageEnhance.Brightness: a blend with black */
export const brightness = rgbOp({ value: 'factor', limits: [0, 10] }, (canvas, factor) =>
  lookUp(canvas, (value) => value * factor),
);
