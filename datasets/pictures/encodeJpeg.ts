import jpeg from 'jpeg-js';
import type { RgbPixels } from '../sample.js';

/** An RGB image as a JPEG file, for eyes. */
export function encodeJpeg({ data, width, height }: RgbPixels, quality = 80): Uint8Array {
  const rgba = new Uint8Array(width * height * 4).fill(255);
  for (let from = 0, to = 0; from < data.length; from += 3, to += 4) {
    rgba[to] = data[from]!;
    rgba[to + 1] = data[from + 1]!;
    rgba[to + 2] = data[from + 2]!;
  }
  return jpeg.encode({ data: rgba, width, height }, quality).data;
}
