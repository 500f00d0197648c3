import type sharpModule from 'sharp';
import { DataError } from '../../engine/errors.js';
import type { Pixels } from '../sample.js';
import type { Decoder } from './decoder.js';

type Sharp = typeof sharpModule;

/** Formats taken besides JPEG and PNG. Vector and document formats are refused. */
const FORMATS = ['webp', 'tiff', 'gif', 'heif', 'avif', 'jp2'];

/** libvips through sharp; colour profiles are ignored, as the libraries do whose weights are used here. */
export function createSharpDecoder(sharp: Sharp): Decoder {
  sharp.cache(false);
  sharp.concurrency(1);
  const openImage = (bytes: Uint8Array, maxPixels: number | false) =>
    sharp(bytes, { failOn: 'error', limitInputPixels: maxPixels, ignoreIcc: true });
  return {
    name: 'sharp',
    decode: async (bytes, source) => {
      const image = openImage(bytes, source.maxPixels);
      if (source.format === 'jpeg' && source.components === 4) return decodeCmyk(image);
      if (source.format === 'other') image.autoOrient();
      const { data, info } = await image
        .removeAlpha()
        .toColourspace('srgb')
        .raw()
        .toBuffer({ resolveWithObject: true });
      return { data: toRgb(data, info.channels), width: info.width, height: info.height };
    },
    probe: async (bytes, name) => {
      const found = await openImage(bytes, false)
        .metadata()
        .catch(() => null);
      if (found === null || !FORMATS.includes(found.format)) {
        throw new DataError(name, 'not an image that can be read: use JPEG, PNG, WebP or TIFF');
      }
      return { ...found.autoOrient, orientation: found.orientation ?? 1 };
    },
  };
}

/** Ink is subtracted without a profile: R = (255 - C)(255 - K) / 255. */
async function decodeCmyk(image: ReturnType<Sharp>): Promise<Pixels> {
  const { data, info } = await image
    .pipelineColourspace('cmyk')
    .toColourspace('cmyk')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const pixels = new Uint8Array(info.width * info.height * 3);
  for (let from = 0, to = 0; to < pixels.length; from += info.channels, to += 3) {
    const light = 255 - (data[from + 3] as number);
    for (let c = 0; c < 3; c++) pixels[to + c] = Math.round(((255 - (data[from + c] as number)) * light) / 255);
  }
  return { data: pixels, width: info.width, height: info.height };
}

/** Any channel count to RGB: grey is repeated, a fourth channel dropped. */
function toRgb(data: Uint8Array, channels: number): Uint8Array {
  if (channels === 3) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const count = data.length / channels;
  const pixels = new Uint8Array(count * 3);
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < 3; c++) pixels[i * 3 + c] = data[i * channels + (channels < 3 ? 0 : c)] as number;
  }
  return pixels;
}
