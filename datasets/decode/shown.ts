import { channelsOf, typeOf } from '../pixelTypes.js';
import type { Pixels, RgbPixels } from '../sample.js';
import { toRgb } from './channels.js';
import { toLevels } from './levels.js';

/** Whether an image is what the eye sees: 8-bit RGB. */
export const isRgb = (image: Pixels): image is RgbPixels =>
  image.data instanceof Uint8Array && image.data.length === image.width * image.height * 3;

/**
 * An image for the eye as 8-bit RGB: from percentile 0.5 to 99.5 of its case where they are known, else by the fixed steps of
 * `decodeImage`. Of other than one or three channels the first is shown as grey.
 */
export function shownImage(image: Pixels): RgbPixels {
  if (isRgb(image)) return image;
  const { data, width, height, statistics, spacing, sliceSpacing } = image;
  const place = { width, height, ...(spacing && { spacing }), ...(sliceSpacing && { sliceSpacing }) };
  const channels = channelsOf(image);
  const used = channels === 3 ? [0, 1, 2] : [0];
  const [first] = statistics?.channels ?? [];
  const type = typeOf(data);
  if (first === undefined || (type === 'uint8' && channels === 3)) {
    if (!data.some(Number.isFinite)) return { data: new Uint8Array(width * height * 3), ...place };
    const levels = toLevels({ values: data, type, channels, used, inverted: false, isFull: false });
    return { data: toRgb(levels.data, used.length), ...place };
  }
  const levels = new Uint8Array(width * height * used.length);
  for (let c = 0; c < used.length; c++) {
    const { low, high } = statistics?.channels[c] ?? first;
    const scale = high > low ? 255 / (high - low) : 0;
    for (let i = 0; i < width * height; i++) {
      const value = ((data[i * channels + c] as number) - low) * scale;
      levels[i * used.length + c] = value > 0 ? Math.min(255, Math.round(value)) : 0;
    }
  }
  return { data: toRgb(levels, used.length), ...place };
}
