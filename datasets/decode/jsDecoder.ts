import jpeg from 'jpeg-js';
import { DataError } from '../../engine/errors.js';
import type { Pixels } from '../sample.js';
import type { Decoder } from './decoder.js';
import { hasEndOfImage } from './jpeg.js';
import { readPng } from './png.js';

/** Memory jpeg-js may ask for, MiB: coefficients and planes of the largest image allowed take less than 16 bytes a pixel. */
const BYTES_PER_PIXEL = 16;

/** JPEG and PNG without native code. */
export function createJsDecoder(): Decoder {
  return {
    name: 'js',
    decode: async (bytes, source) => {
      if (source.format === 'png') return decodePng(bytes);
      if (source.format === 'jpeg') return decodeJpeg(bytes, source.scan, source.maxPixels);
      throw new Error('without sharp only JPEG and PNG can be decoded: npm install sharp, or convert it');
    },
    probe: async (_bytes, name) => {
      throw new DataError(name, 'neither JPEG nor PNG: npm install sharp to read other formats, or convert it');
    },
  };
}

function decodeJpeg(bytes: Uint8Array, scan: number, maxPixels: number): Pixels {
  if (!hasEndOfImage(bytes, scan)) throw new Error('truncated JPEG: no end-of-image marker');
  const { data, width, height } = jpeg.decode(bytes, {
    useTArray: true,
    formatAsRGBA: false,
    tolerantDecoding: false,
    maxResolutionInMP: Math.ceil(maxPixels / 1e6),
    maxMemoryUsageInMB: Math.ceil((maxPixels * BYTES_PER_PIXEL) / 2 ** 20),
  });
  return { data, width, height };
}

function decodePng(bytes: Uint8Array): Pixels {
  const { samples, channels, depth, palette, width, height } = readPng(bytes);
  const data = new Uint8Array(width * height * 3);
  const scale = depth < 8 ? 255 / ((1 << depth) - 1) : 1;
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) {
      const sample = samples[i * channels + (channels < 3 ? 0 : c)] as number;
      if (palette !== null) data[i * 3 + c] = palette[sample * 3 + c] as number;
      else data[i * 3 + c] = depth === 16 ? sample >> 8 : sample * scale;
    }
  }
  return { data, width, height };
}
