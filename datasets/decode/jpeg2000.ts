import { toRgb } from './channels.js';
import { codecHeader, decodePacked } from './codecs.js';
import type { Decoded, StoredSamples } from './decoder.js';
import type { ImageHeader } from './header.js';
import { toLevels } from './levels.js';
import { PLAIN_PIXELS } from './tiffPixels.js';

/** The codec's whole numbers of 32 bits and their copy, bytes a sample. */
export const JPEG_2000_BYTES = 12;

/** @returns null when more bytes are needed @throws Error saying what is wrong */
export function jpeg2000Header(bytes: Uint8Array, whole: boolean): ImageHeader | null {
  try {
    const { width, height, channels, bits, isSigned } = codecHeader('jpeg-2000', bytes);
    if (isSigned) throw new Error('a JPEG 2000 image of signed values is not read: save it as TIFF');
    const colours = channels < 3 ? 1 : 3;
    return {
      ...PLAIN_PIXELS,
      width,
      height,
      orientation: 1,
      format: 'jpeg2000',
      components: channels,
      colours,
      samples: bits > 8 ? 'uint16' : 'uint8',
      alpha: channels > colours,
    };
  } catch (error) {
    if (whole) throw error;
    return null;
  }
}

export async function storedJpeg2000(bytes: Uint8Array): Promise<StoredSamples> {
  const { data, channels, width, height } = await decodePacked('jpeg-2000', bytes);
  return { values: data, channels, width, height };
}

export async function decodeJpeg2000(bytes: Uint8Array): Promise<Decoded> {
  const { data, channels, width, height, bits } = await decodePacked('jpeg-2000', bytes);
  if (data instanceof Uint16Array) {
    const used = channels < 3 ? [0] : [0, 1, 2];
    const deep = toLevels({ values: data, type: 'uint16', channels, used, inverted: false, isFull: false });
    return { data: toRgb(deep.data, used.length), width, height, levels: deep.levels, isBand: false };
  }
  const shown = bits === 8 ? data : data.map((value) => Math.round((value * 255) / (2 ** bits - 1)));
  return { data: toRgb(shown, channels), width, height, levels: null, isBand: false };
}
