import { NO_VALUE, rgbOp } from './op.js';
import { lookUpEach } from './tables.js';

/** As many pixels of every value as can be, channel by channel. @source Pillow's ImageOps.equalize */
export const equalize = rgbOp(NO_VALUE, (canvas) =>
  lookUpEach(canvas, (counts, table) => {
    const last = counts.findLastIndex((count) => count > 0);
    const total = counts.reduce((sum, count) => sum + count, 0);
    const step = last < 0 ? 0 : Math.floor((total - (counts[last] as number)) / 255);
    let sum = Math.floor(step / 2);
    for (let value = 0; value < 256; value++) {
      table[value] = step === 0 ? value : Math.min(255, Math.floor(sum / step));
      sum += counts[value] as number;
    }
  }),
);
