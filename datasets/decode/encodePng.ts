import { encode } from 'fast-png';
import { PNG } from 'pngjs';
import type { RgbPixels } from '../sample.js';

/** An RGB image as a PNG file. */
export function encodePng({ data, width, height }: RgbPixels): Uint8Array {
  const png = new PNG({ width, height });
  png.data = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  // Paeth's filter alone: trying all five on every row doubles the time for 1.5 % of the size.
  return PNG.sync.write(png, { inputColorType: 2, colorType: 2, inputHasAlpha: false, bitDepth: 8, filterType: 4 });
}

/** The same pixels give the same bytes on every machine (deflate in JavaScript, not the zlib Node was built with). */
export function encodeStablePng({ data, width, height }: RgbPixels): Uint8Array {
  return encode({ data, width, height, channels: 3, depth: 8 }, { zlib: { level: 6 } });
}

/** A grey PNG of 16 bits: values are numbers of objects. @param data [height * width] */
export function encodeLabelPng({
  data,
  width,
  height,
}: {
  readonly data: Uint16Array;
  readonly width: number;
  readonly height: number;
}): Uint8Array {
  return encode({ data, width, height, channels: 1, depth: 16 }, { zlib: { level: 6 } });
}

/**
 * A palette PNG: label maps that show in colour and keep their indices. Byte-stable.
 *
 * @param data [height * width] indices into `palette`
 * @param palette RGB, at most 256 colours
 */
export function encodeIndexedPng(
  { data, width, height }: { readonly data: Uint8Array; readonly width: number; readonly height: number },
  palette: readonly (readonly [number, number, number])[],
): Uint8Array {
  const colours = palette.map((colour) => [...colour]);
  return encode({ data, width, height, channels: 1, depth: 8, palette: colours }, { zlib: { level: 9 } });
}
