import { DataError, messageOf } from '../../engine/errors.js';
import { type FileStart, openRegular, readStart } from '../../engine/files/read.js';
import { chooseDecoder } from './chooseDecoder.js';
import { isJp2 } from './codecs.js';
import { countFrames, isGif } from './gif.js';
import { exifOrientation, isJpeg, readJpegHeader } from './jpeg.js';
import { jpeg2000Header } from './jpeg2000.js';
import { kindOf } from './kinds.js';
import type { SampleType } from './levels.js';
import { reserve } from './memory.js';
import { upright } from './orientation.js';
import type { PixelNote } from './pixelNotes.js';
import { isPng, readPngHeader } from './png.js';
import { isRaster, readRasterHeader } from './raster.js';
import { isTiff } from './tiff.js';
import { PLAIN_PIXELS, tiffHeader } from './tiffPixels.js';

export interface ImageHeader {
  /** Pixels with the EXIF orientation applied. */
  readonly width: number;
  readonly height: number;
  /** EXIF orientation of the stored pixels, 1..8. */
  readonly orientation: number;
  readonly format: 'png' | 'jpeg' | 'tiff' | 'raster' | 'jpeg2000' | 'other';
  /** JPEG: offset of the first scan; else 0. */
  readonly scan: number;
  /** Channels as stored; 0 where a decoder alone knows. */
  readonly components: number;
  /** Channels that are shown: 1 grey, 3 RGB, 4 CMYK. */
  readonly colours: 1 | 3 | 4;
  /** All but uint8 are scaled to 8 bits. */
  readonly samples: SampleType;
  /** TIFF: zero is white. */
  readonly inverted: boolean;
  /** TIFF: the channel after the colours is said to be alpha. */
  readonly alpha: boolean;
  /** Distance between rows and between columns, upright, millimetres; absent: the file does not say. */
  readonly spacing?: readonly [rows: number, columns: number];
  /** What of the file is left out. */
  readonly notes: readonly PixelNote[];
}

/** Pixels an image may declare before it is refused: 16384 x 16384. */
export const MAX_PIXELS = 2 ** 28;

/** Largest image file. */
const MAX_BYTES = 2 ** 31 - 1;
/** Largest list. */
const MAX_TEXT_BYTES = 2 ** 26;
/** Largest WebP, GIF or HEIF, or JPEG with an extraordinarily long header. */
const MAX_SLOW_BYTES = 2 ** 28;
const HEAD_BYTES = 65536;

/** An image file as far as it was read. */
export interface OpenedImage {
  readonly header: ImageHeader;
  /** Bytes of the file. */
  readonly size: number;
  /** All bytes of the file, when they are few. */
  readonly bytes: Uint8Array | null;
}

/**
 * Size of an image after its EXIF orientation, from the first kilobytes of the file.
 *
 * @throws DataError when the file is missing, no image, or damaged in its header
 */
export async function readImageSize(file: string): Promise<ImageHeader> {
  return (await openImage(file, HEAD_BYTES)).header;
}

/** The header, and the whole file when it has no more than `atOnce` bytes. @throws DataError as readImageSize */
export async function openImage(file: string, atOnce: number): Promise<OpenedImage> {
  const { bytes, size } = await readHead(file, atOnce);
  const isWhole = bytes.length === size;
  const header = (await headerOf(bytes, file, isWhole)) ?? (await (isTiff(bytes) ? farHeader(file) : slowHeader(file)));
  return { header, size, bytes: isWhole ? bytes : null };
}

/** The first bytes of an image or mask. @throws DataError as readImage */
export function readHead(file: string, count: number): Promise<FileStart> {
  return readStart(file, limitOf(file, MAX_BYTES), count);
}

/** Directories of a TIFF lie anywhere: only they are read. */
async function farHeader(file: string): Promise<ImageHeader> {
  const opened = openRegular(file, limitOf(file, MAX_BYTES));
  try {
    return named(file, () => tiffHeader((offset, count) => opened.view(offset, count)));
  } finally {
    opened.close();
  }
}

/** Where only a decoder finds the size, or a header is longer than all others. */
async function slowHeader(file: string): Promise<ImageHeader> {
  const release = await reserve(MAX_SLOW_BYTES);
  try {
    const { bytes } = await readStart(file, limitOf(file, MAX_SLOW_BYTES));
    return await requireHeader(bytes, file);
  } finally {
    release();
  }
}

/** Header of a whole file in memory; `name` is what errors call it. */
export async function requireHeader(bytes: Uint8Array, name: string): Promise<ImageHeader> {
  const header = await headerOf(bytes, name, true);
  if (header === null) throw new DataError(name, 'truncated image: it ends inside its header');
  return header;
}

/** @throws DataError 'there is no such file' and the like, never a bare system error */
export async function readImage(file: string): Promise<Uint8Array> {
  return (await readStart(file, limitOf(file, MAX_BYTES))).bytes;
}

/** An annotation or list as UTF-8. @throws DataError as readImage */
export async function readTextFile(file: string, maxBytes = MAX_TEXT_BYTES): Promise<string> {
  return new TextDecoder().decode((await readStart(file, limitOf(file, maxBytes))).bytes);
}

/** @throws DataError when a file that others will read is none */
export async function requireRegular(file: string): Promise<void> {
  await readStart(file, limitOf(file, Number.MAX_SAFE_INTEGER), 0);
}

const limitOf = (file: string, maxBytes: number) => ({
  maxBytes,
  refuse: (problem: string) => new DataError(file, problem),
});

/** null: more bytes are needed. `whole`: `bytes` are the whole file. */
async function headerOf(bytes: Uint8Array, name: string, whole: boolean): Promise<ImageHeader | null> {
  if (bytes.length === 0) throw new DataError(name, 'the file is empty');
  if (isPng(bytes)) return named(name, () => pngHeader(bytes));
  if (isJpeg(bytes)) return named(name, () => jpegHeader(bytes));
  if (isTiff(bytes)) {
    const view = (offset: number, count: number): Uint8Array => bytes.subarray(offset, offset + count);
    return whole ? named(name, () => tiffHeader(view)) : null;
  }
  if (isRaster(bytes)) return named(name, () => rasterHeader(bytes, whole));
  if (isJp2(bytes)) return named(name, () => jpeg2000Header(bytes, whole));
  const kind = kindOf(bytes);
  if (kind?.readable !== true) {
    const found = kind === null ? 'not an image that can be read' : `it is ${kind.name}, which is not read`;
    throw new DataError(name, `${found}: use JPEG, PNG, WebP, TIFF or BMP`);
  }
  if (!whole) return null;
  const { samples, pages, ...size } = await (await chooseDecoder()).probe(bytes, name, kind.name);
  const notes: readonly PixelNote[] = pages > 1 ? [{ kind: 'first-page', pages }] : [];
  return { ...PLAIN_PIXELS, ...size, samples, notes, format: 'other' };
}

/** A DataError of what `read` throws. */
export function named<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof DataError ? error : new DataError(name, messageOf(error));
  }
}

function jpegHeader(bytes: Uint8Array): ImageHeader | null {
  const header = readJpegHeader(bytes);
  if (header === null) return null;
  const { scan, components } = header;
  const colours = components === 4 ? 4 : components < 3 ? 1 : 3;
  return { ...PLAIN_PIXELS, ...upright(header, header.orientation), format: 'jpeg', scan, components, colours };
}

function pngHeader(bytes: Uint8Array): ImageHeader {
  const header = readPngHeader(bytes);
  const { channels: components, depth, indexed } = header;
  return {
    ...PLAIN_PIXELS,
    ...upright(header, pngOrientation(bytes)),
    format: 'png',
    components,
    colours: components < 3 && !indexed ? 1 : 3,
    samples: depth === 16 ? 'uint16' : 'uint8',
  };
}

function rasterHeader(bytes: Uint8Array, whole: boolean): ImageHeader | null {
  const header = readRasterHeader(bytes);
  if (header === null && whole) throw new Error('truncated image: it ends inside its header');
  if (header === null) return null;
  const { width, height, kind } = header;
  const colours = kind === 'grey' ? 1 : 3;
  const pages = whole && isGif(bytes) ? countFrames(bytes) : 1;
  const notes: readonly PixelNote[] = pages > 1 ? [{ kind: 'first-page', pages }] : [];
  return { ...PLAIN_PIXELS, width, height, orientation: 1, format: 'raster', components: colours, colours, notes };
}

/** From an eXIf chunk that precedes the image data. */
function pngOrientation(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 8; at + 12 <= bytes.length; at += 12 + view.getUint32(at)) {
    const name = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (name === 'IDAT') break;
    if (name === 'eXIf') return exifOrientation(bytes.subarray(at + 8, at + 8 + view.getUint32(at))) ?? 1;
  }
  return 1;
}
