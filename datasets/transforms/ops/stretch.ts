import { momentsOf, valuesOf, writeValues } from './moments.js';
import type { PixelOp } from './op.js';

/** Contrast inside of the range that the values have. @source batchgeneratorsv2's ContrastTransform, preserve_range */
export const stretch: PixelOp = {
  kind: 'pixels',
  images: 'any',
  value: "factor about the channel's mean, its range kept",
  limits: [0, 10],
  apply: (canvas, factor) => {
    for (let c = canvas.first; c < canvas.end; c++) {
      const found = valuesOf(canvas, c);
      const { mean, least, most } = momentsOf(found);
      writeValues(canvas, c, found, factor, mean * (1 - factor), least, most);
    }
  },
};
