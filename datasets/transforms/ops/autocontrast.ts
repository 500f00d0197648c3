import { NO_VALUE, rgbOp } from './op.js';
import { lookUpEach } from './tables.js';

/** Smallest to largest value of each channel as 0 to 255. @source Pillow's ImageOps.autocontrast */
export const autocontrast = rgbOp(NO_VALUE, (canvas) =>
  lookUpEach(canvas, (counts, table) => {
    const low = counts.findIndex((count) => count > 0);
    const high = counts.findLastIndex((count) => count > 0);
    const scale = 255 / (high - low);
    for (let value = 0; value < 256; value++) {
      table[value] = high <= low ? value : Math.min(255, Math.max(0, Math.trunc((value - low) * scale)));
    }
  }),
);
