import type sharpModule from 'sharp';
import { DataError } from '../../engine/errors.js';
import { inkToRgb, toRgb } from './channels.js';
import type { Decoded, Decoder, Source, StoredSamples } from './decoder.js';
import type { ImageHeader } from './header.js';
import { hasEndOfImage, withEndOfImage } from './jpeg.js';
import { decodeJpeg2000, JPEG_2000_BYTES, storedJpeg2000 } from './jpeg2000.js';
import { decodeRaster, storedPng } from './jsDecoder.js';
import { type SampleType, toLevels } from './levels.js';

type Sharp = typeof sharpModule;
type Image = ReturnType<Sharp>;

/** Formats taken besides JPEG, PNG and TIFF. Vector and document formats are refused. */
const FORMATS = ['webp', 'heif', 'avif'];
const WIDTHS: { readonly [type in SampleType]: number } = {
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  uint32: 4,
  int32: 4,
  float32: 4,
};
/** Measured at the peak, bytes a pixel: 6.3 of a progressive JPEG or interlaced PNG, 8.2 of a WebP. */
const PLAIN_BYTES = 7;
const OTHER_BYTES = 9;
/** Offset of int16, which sharp takes for uint16 where it is grey. */
const SHIFT = 32768;

/** libvips through sharp; colour profiles are ignored, as the libraries do whose weights are used here. */
export function createSharpDecoder(sharp: Sharp): Decoder {
  sharp.cache(false);
  sharp.concurrency(1);
  const openImage = (bytes: Uint8Array, maxPixels: number | false, failOn: 'error' | 'warning' = 'error', page = 0) =>
    sharp(bytes, { page, failOn, limitInputPixels: maxPixels, limitInputChannels: false, ignoreIcc: true });
  return {
    name: 'sharp',
    decode: async (bytes, source) => {
      if (source.format === 'raster') return decodeRaster(bytes);
      if (source.format === 'jpeg2000') return decodeJpeg2000(bytes);
      const isOpen = source.format === 'jpeg' && !hasEndOfImage(bytes, source.scan);
      const image = isOpen
        ? openImage(withEndOfImage(bytes), source.maxPixels, 'warning')
        : openImage(bytes, source.maxPixels);
      if (!isPlain(source)) return decodeStored(image, source);
      if (source.format === 'other') image.autoOrient();
      const { data, info } = await image
        .removeAlpha()
        .toColourspace('srgb')
        .raw()
        .toBuffer({ resolveWithObject: true });
      return { data: toRgb(data, info.channels), width: info.width, height: info.height, levels: null, isBand: false };
    },
    samples: async (bytes, source, page) => {
      if (source.format === 'png') return storedPng(bytes);
      if (source.format === 'jpeg2000') return storedJpeg2000(bytes);
      return storedSamples(openImage(bytes, source.maxPixels, 'error', page), source);
    },
    probe: async (bytes, name, kind) => {
      const found = await openImage(bytes, false)
        .metadata()
        .catch(() => null);
      if (found === null || !FORMATS.includes(found.format)) {
        throw new DataError(name, `${kind} that is damaged, or whose kind sharp cannot read: save it as PNG or JPEG`);
      }
      const samples = found.depth === 'ushort' ? 'uint16' : 'uint8';
      return { ...found.autoOrient, orientation: found.orientation ?? 1, samples, pages: found.pages ?? 1 };
    },
    bytesPerPixel: (header) => {
      if (header.format === 'jpeg2000') return JPEG_2000_BYTES * header.components;
      const plain = header.format === 'other' ? OTHER_BYTES : PLAIN_BYTES;
      const stored = Math.max(1, header.components) * WIDTHS[header.samples];
      return plain + (isPlain(header) ? 0 : header.samples === 'int16' ? 2 * stored : stored);
    },
  };
}

/** What sharp shows rightly by itself. */
function isPlain({ samples, colours, alpha, notes }: ImageHeader): boolean {
  return samples === 'uint8' && colours !== 4 && !alpha && !notes.some(({ kind }) => kind === 'first-channels');
}

/** What sharp gives of an image: where the colours are in a pixel is said by `places`. */
interface Unchanged extends StoredSamples {
  readonly values: ReturnType<typeof typed>;
  readonly places: readonly number[];
}

/** The samples as they are stored, in as few steps of sharp as give them unchanged. */
async function unchanged(image: Image, { format, samples, components }: Source): Promise<Unchanged> {
  const { space, depth } = await image.metadata();
  if (format === 'other') image.autoOrient();
  // sharp hands over the first channel of 'b-w' alone, unless it is to be colour: then that one three times, and the rest.
  const isSpread = space === 'b-w' && components > 1;
  const isShifted = samples === 'int16' && space === 'grey16';
  if (isShifted) image.linear(Array(components).fill(1), Array(components).fill(SHIFT));
  const { data, info } = await image
    .pipelineColourspace(space)
    .toColourspace(isSpread ? 'srgb' : space)
    .raw({ depth: isShifted ? 'ushort' : depth })
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const values = isShifted ? Int16Array.from(typed(data, 'uint16'), (v) => v - SHIFT) : typed(data, samples);
  const places = isSpread ? [0, ...Array.from({ length: channels - 3 }, (_, i) => i + 3)] : [...Array(channels).keys()];
  return { values, width, height, channels, places };
}

async function storedSamples(image: Image, source: Source): Promise<StoredSamples> {
  const { values, width, height, channels, places } = await unchanged(image, source);
  if (places.length === channels) return { values, width, height, channels };
  const kept = new (values.constructor as Float32ArrayConstructor)(width * height * places.length);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < places.length; c++) {
      kept[i * places.length + c] = values[i * channels + (places[c] as number)] as number;
    }
  }
  return { values: kept, width, height, channels: places.length };
}

async function decodeStored(image: Image, source: Source): Promise<Decoded> {
  const { format, samples, colours, inverted, alpha } = source;
  const { values, width, height, channels, places } = await unchanged(image, source);
  const used = places.slice(0, colours);
  const isBand = alpha && looksLikeBand(values, channels, places[colours] as number);
  // libvips has turned what is unsigned already.
  if (inverted && samples.startsWith('u')) invert(values);
  const isFull = format === 'other';
  const { data: shown, levels } = toLevels({ values, type: samples, channels, used, inverted, isFull });
  const rgb = colours === 4 ? inkToRgb(shown, 4) : toRgb(shown, used.length);
  return { data: rgb, width, height, levels: samples === 'uint8' ? null : levels, isBand };
}

/** Alpha is mostly nothing or all; of a colour that is said to be alpha few values are 0 or the largest. */
function looksLikeBand(values: ArrayLike<number>, channels: number, at: number): boolean {
  let [largest, zeros, tops, count] = [0, 0, 0, 0];
  for (let i = at; i < values.length; i += channels, count++) {
    const value = values[i] as number;
    if (value === 0) zeros++;
    else if (value === largest) tops++;
    else if (value > largest) [largest, tops] = [value, 1];
  }
  return zeros + tops < count / 2;
}

const ARRAYS = {
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  float32: Float32Array,
} as const satisfies { readonly [type in SampleType]: unknown };

function typed(data: Buffer, type: SampleType) {
  const bytes = data.byteOffset % WIDTHS[type] === 0 ? data : new Uint8Array(data);
  return new ARRAYS[type](bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length / WIDTHS[type]);
}

function invert(values: ReturnType<typeof typed>): void {
  const white = 2 ** (8 * values.BYTES_PER_ELEMENT) - 1;
  for (let i = 0; i < values.length; i++) values[i] = white - (values[i] as number);
}
