import { valuesOf, writeValues } from './moments.js';
import type { PixelOp } from './op.js';

/** @source batchgeneratorsv2's MultiplicativeBrightnessTransform */
export const gain: PixelOp = {
  kind: 'pixels',
  images: 'any',
  value: 'factor on every value',
  limits: [0, 10],
  apply: (canvas, factor) => {
    for (let c = canvas.first; c < canvas.end; c++) writeValues(canvas, c, valuesOf(canvas, c), factor, 0);
  },
};
