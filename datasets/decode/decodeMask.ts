import { DataError } from '../../engine/errors.js';
import { decodeDeep } from './decodeDeep.js';
import { AT_ONCE, checkPixels, decodeImage, reserveFor } from './decodeImage.js';
import { type ImageHeader, MAX_PIXELS, named, openImage, readImage, requireHeader } from './header.js';
import { isPng, type PngImage, readPng } from './png.js';
import { isRaster, type Raster, readRaster } from './raster.js';

/** At most: rows as unpacked, samples, and the values without alpha, of 32 bits each. */
const BYTES_PER_PIXEL = 14;

/** Formats that may change values. */
const LOSSY: ReadonlySet<ImageHeader['format']> = new Set(['jpeg', 'jpeg2000', 'other']);

/** What a pixel of a mask says: a palette index or grey value, or a colour 0xRRGGBB. */
export type MaskUnit = 'value' | 'colour';

/** A mask as stored. */
export interface MaskImage {
  /** [height * width] values, or colours 0xRRGGBB. */
  readonly data: Uint8Array | Uint16Array | Uint32Array;
  readonly width: number;
  readonly height: number;
  readonly unit: MaskUnit;
  /** Bits a value in the file, 1 to 24. */
  readonly depth: number;
}

export interface DecodeMaskOptions {
  readonly maxPixels?: number;
  /** 'colour': the colours that are shown. Defaults to 'value'. */
  readonly unit?: MaskUnit;
  /** True: a JPEG or WebP is read, whose values are near the drawn ones. Defaults to false. */
  readonly lossy?: boolean;
}

/** What a file stores before it is known whether values or colours are wanted. */
interface Stored {
  readonly samples: Uint8Array | Uint16Array;
  readonly channels: number;
  readonly palette: Uint8Array | null;
  readonly width: number;
  readonly height: number;
  readonly depth: number;
}

/**
 * Reads a label image without changing a value: palette images as indices (of BMP and GIF with a grey palette as grey
 * values), grey ones as they are (TIFF of up to 32 bits, too), colour ones of which red, green and blue are alike as grey; alpha is dropped, unless it alone
 * draws a shape.
 *
 * @throws DataError for colours where values are wanted, for files that were compressed with loss, damage, size
 */
export async function decodeMask(source: string | Uint8Array, options: DecodeMaskOptions = {}): Promise<MaskImage> {
  const { maxPixels = MAX_PIXELS, unit = 'value', lossy = false } = options;
  const name = typeof source === 'string' ? source : 'mask bytes';
  const { header, size, bytes } =
    typeof source === 'string'
      ? await openImage(source, AT_ONCE)
      : { header: await requireHeader(source, name), size: source.length, bytes: source };
  checkPixels(header, name, maxPixels);
  const isLossy = LOSSY.has(header.format);
  if (isLossy && !lossy) {
    throw new DataError(
      name,
      `${header.format === 'jpeg' ? 'a JPEG' : 'this kind of file'} changes the values of a mask: save masks as PNG, or take the nearest values with otherValues: nearest and values such as { 0: background, 255: object }`,
      20,
    );
  }
  if (header.samples !== 'uint8' && header.format === 'tiff') return maskOf(await deepTiff(source, name), unit, name);
  if (isLossy || header.format === 'tiff') {
    const { data, width, height } = await decodeImage(source, { maxPixels, onNote: () => {} });
    return maskOf({ samples: data, channels: 3, palette: null, width, height, depth: 8 }, unit, name);
  }
  const release = await reserveFor(size + header.width * header.height * BYTES_PER_PIXEL, header, name);
  try {
    const whole = bytes ?? (await readImage(name));
    return maskOf(
      named(name, () => storedOf(whole)),
      unit,
      name,
    );
  } finally {
    release();
  }
}

/** Whether a file was compressed in a way that may have changed the values of a mask. @throws DataError as decodeMask */
export async function isLossyMask(file: string): Promise<boolean> {
  const { header } = await openImage(file, AT_ONCE);
  return LOSSY.has(header.format);
}

/** The values of a TIFF of 16 or 32 bits. @throws DataError for such as are no whole numbers from 0 to 65535 */
async function deepTiff(source: string | Uint8Array, name: string): Promise<Stored> {
  const { data, width, height } = await decodeDeep(source);
  const odd = data.find((value) => !Number.isInteger(value) || value < 0 || value > MOST_VALUE);
  if (odd !== undefined)
    throw new DataError(
      name,
      `a mask value is ${odd}, whole numbers from 0 to ${MOST_VALUE} are expected: is it an image?`,
    );
  const channels = data.length / (width * height);
  return { samples: Uint16Array.from(data), channels, palette: null, width, height, depth: 16 };
}

const MOST_VALUE = 65_535;

function storedOf(bytes: Uint8Array): Stored {
  if (isPng(bytes)) return readPng(bytes) satisfies PngImage;
  if (!isRaster(bytes)) throw new Error('a mask must be an image file');
  const { data, kind, maximum, palette, width, height } = greyPalette(readRaster(bytes));
  return { samples: data, channels: kind === 'rgb' ? 3 : 1, palette, width, height, depth: maximum > 255 ? 16 : 8 };
}

/** A palette of greys states values, whatever their indices are. */
function greyPalette(raster: Raster): Raster {
  const { palette, data } = raster;
  if (palette === null) return raster;
  for (let i = 0; i + 2 < palette.length; i += 3) {
    if (palette[i] !== palette[i + 1] || palette[i] !== palette[i + 2]) return raster;
  }
  for (let i = 0; i < data.length; i++) data[i] = palette[(data[i] as number) * 3] ?? 0;
  return { ...raster, kind: 'grey', palette: null };
}

function maskOf(whole: Stored, unit: MaskUnit, name: string): MaskImage {
  const stored = ofAlpha(whole) ?? whole;
  const { samples, channels, width, height, depth } = stored;
  const count = width * height;
  if (unit === 'colour') return { data: coloursOf(stored), width, height, unit, depth: 24 };
  if (channels < 3) {
    const data = channels === 1 ? samples : samples.filter((_, i) => i % channels === 0);
    return { data, width, height, unit, depth };
  }
  const data = depth === 16 ? new Uint16Array(count) : new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const [red, green, blue] = [samples[i * channels], samples[i * channels + 1], samples[i * channels + 2]];
    if (red !== green || red !== blue) throw new DataError(name, COLOURED);
    data[i] = red as number;
  }
  return { data, width, height, unit, depth };
}

/** The alpha of an image of one colour, which is drawn by it alone; null: it has no alpha, or several colours or no shape. */
function ofAlpha(stored: Stored): Stored | null {
  const { samples, channels } = stored;
  if (channels !== 2 && channels !== 4) return null;
  let hasShape = false;
  for (let i = 0; i < samples.length; i++) {
    const isAlpha = i % channels === channels - 1;
    if (samples[i] === samples[i % channels]) continue;
    if (!isAlpha) return null;
    hasShape = true;
  }
  return hasShape ? { ...stored, samples: samples.filter((_, i) => i % channels === channels - 1), channels: 1 } : null;
}

/** What a mask of colours is told by, where values are wanted. */
export const COLOURED =
  "is a colour mask, which does not say which class a colour is: give each colour in values, such as { '#800000': cell }";

/** [height * width] 0xRRGGBB. */
function coloursOf({ samples, channels, palette, width, height, depth }: Stored): Uint32Array {
  const colours = new Uint32Array(width * height);
  const scale = palette !== null || depth === 8 ? 1 : 255 / (2 ** depth - 1);
  for (let i = 0; i < colours.length; i++) {
    let colour = 0;
    for (let c = 0; c < 3; c++) {
      const sample = samples[i * channels + (channels < 3 ? 0 : c)] as number;
      colour = colour * 256 + (palette === null ? Math.round(sample * scale) : (palette[sample * 3 + c] ?? 0));
    }
    colours[i] = colour;
  }
  return colours;
}
