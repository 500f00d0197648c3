import jpeg from 'jpeg-js';
import { DataError } from '../../engine/errors.js';
import type { RgbPixels } from '../sample.js';
import { toRgb } from './channels.js';
import type { Decoded, Decoder, StoredSamples } from './decoder.js';
import { hasEndOfImage, withEndOfImage } from './jpeg.js';
import { decodeJpeg2000, JPEG_2000_BYTES, storedJpeg2000 } from './jpeg2000.js';
import { toLevels } from './levels.js';
import { readPng } from './png.js';
import { rasterToRgb, readRaster } from './raster.js';

/** Measured at the peak, bytes a pixel: coefficients, planes, pixels. */
const JPEG_BYTES = 18;

/** JPEG, JPEG 2000, PNG, BMP, GIF and PNM without native code. */
export function createJsDecoder(): Decoder {
  return {
    name: 'js',
    decode: async (bytes, source) => {
      if (source.format === 'png') return decodePng(bytes);
      if (source.format === 'jpeg')
        return { ...decodeJpeg(bytes, source.scan, source.maxPixels), levels: null, isBand: false };
      if (source.format === 'raster') return decodeRaster(bytes);
      if (source.format === 'jpeg2000') return decodeJpeg2000(bytes);
      throw new Error(
        'without sharp only JPEG, JPEG 2000, PNG, BMP, GIF and PNM can be decoded: npm install sharp, or convert it',
      );
    },
    samples: async (bytes, source) => {
      if (source.format === 'png') return storedPng(bytes);
      if (source.format === 'jpeg2000') return storedJpeg2000(bytes);
      throw new Error('without sharp only PNG and JPEG 2000 keep their depth: npm install sharp, or save it as PNG');
    },
    probe: async (_bytes, name, kind) => {
      throw new DataError(name, `it is ${kind}, neither JPEG nor PNG: npm install sharp to read it, or convert it`);
    },
    // PNG: rows as unpacked and as put together, samples, RGB.
    bytesPerPixel: ({ format, components, samples }) => {
      if (format === 'jpeg2000') return JPEG_2000_BYTES * components;
      return format === 'jpeg' ? JPEG_BYTES : 3 * components * (samples === 'uint16' ? 2 : 1) + 3;
    },
  };
}

function decodeJpeg(bytes: Uint8Array, scan: number, maxPixels: number): RgbPixels {
  const { data, width, height } = jpeg.decode(hasEndOfImage(bytes, scan) ? bytes : withEndOfImage(bytes), {
    useTArray: true,
    formatAsRGBA: false,
    tolerantDecoding: false,
    maxResolutionInMP: Math.ceil(maxPixels / 1e6),
    maxMemoryUsageInMB: Math.ceil((maxPixels * JPEG_BYTES) / 2 ** 20),
  });
  return { data, width, height };
}

/** The stored pixels of a BMP, GIF or PNM as RGB. */
export function decodeRaster(bytes: Uint8Array): Decoded {
  const raster = readRaster(bytes);
  return { data: rasterToRgb(raster), width: raster.width, height: raster.height, levels: null, isBand: false };
}

/** Samples of a PNG; those of a palette are its colours. */
export function storedPng(bytes: Uint8Array): StoredSamples {
  const { samples, channels, depth, palette, width, height } = readPng(bytes);
  if (palette === null && depth >= 8) return { values: samples, channels, width, height };
  const { data } = decodePng(bytes);
  if (palette !== null) return { values: data, channels: 3, width, height };
  return { values: data.filter((_, i) => i % 3 === 0), channels: 1, width, height };
}

function decodePng(bytes: Uint8Array): Decoded {
  const { samples, channels, depth, palette, width, height } = readPng(bytes);
  if (depth === 16) {
    const used = channels < 3 ? [0] : [0, 1, 2];
    const deep = { values: samples, type: 'uint16', channels, used, inverted: false, isFull: false } as const;
    const { data, levels } = toLevels(deep);
    return { data: toRgb(data, used.length), width, height, levels, isBand: false };
  }
  const data = new Uint8Array(width * height * 3);
  const scale = depth < 8 ? 255 / ((1 << depth) - 1) : 1;
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) {
      const sample = samples[i * channels + (channels < 3 ? 0 : c)] as number;
      data[i * 3 + c] = palette !== null ? (palette[sample * 3 + c] as number) : sample * scale;
    }
  }
  return { data, width, height, levels: null, isBand: false };
}
