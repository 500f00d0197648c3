import { DataError, messageOf } from '../../engine/errors.js';
import type { RgbPixels } from '../sample.js';
import { chooseDecoder } from './chooseDecoder.js';
import { type ImageHeader, MAX_PIXELS, openImage, readImage, requireHeader } from './header.js';
import { kindOf } from './kinds.js';
import { DECODE_BYTES, reserve } from './memory.js';
import { applyOrientation } from './orientation.js';
import { type PixelNote, tellPixels } from './pixelNotes.js';

export interface DecodeImageOptions {
  /** An image that declares more is refused before anything is allocated. Defaults to 16384 x 16384. */
  readonly maxPixels?: number;
  /** Hears what the pixels do not show as it is stored. Defaults to a warning of the process, once for each kind. */
  readonly onNote?: (note: PixelNote, name: string) => void;
}

/** Files up to this size are read in one go with their header. */
export const AT_ONCE = 2 ** 22;

/**
 * Decodes an image to 8-bit RGB. EXIF orientation is always applied, alpha dropped, grey repeated, CMYK turned to RGB
 * without a profile; embedded colour profiles are ignored. Samples of other types are scaled to 8 bits by the smallest
 * power of four that holds the brightest of them, and of several pages or more channels the first are taken: both are told.
 *
 * @param source path of a file, or its bytes
 * @throws DataError when it is missing, too large, truncated, damaged, or of an unknown format, of many channels that are
 *   not named, or when decoding takes more memory than there is
 */
export async function decodeImage(source: string | Uint8Array, options: DecodeImageOptions = {}): Promise<RgbPixels> {
  const { maxPixels = MAX_PIXELS, onNote = tellPixels } = options;
  const name = typeof source === 'string' ? source : 'image bytes';
  const { header, size, bytes } =
    typeof source === 'string'
      ? await openImage(source, AT_ONCE)
      : { header: await requireHeader(source, name), size: source.length, bytes: source };
  checkPixels(header, name, maxPixels);
  const decoder = await chooseDecoder();
  const release = await reserveFor(size + header.width * header.height * decoder.bytesPerPixel(header), header, name);
  try {
    const whole = bytes ?? (await readImage(name));
    const { levels, isBand, ...stored } = await decoder
      .decode(whole, { ...header, maxPixels })
      .catch((error: unknown) => {
        const kind = header.format === 'other' ? kindOf(whole) : null;
        const remedy = kind === null ? '' : `; it is ${kind.name}: save it as JPEG or PNG`;
        throw new DataError(name, `cannot be decoded: ${oneLine(error)}${remedy}`);
      });
    const image = header.format === 'other' ? stored : applyOrientation(stored, header.orientation);
    checkSize(image, header, name);
    for (const note of header.notes) onNote(note, name);
    if (isBand) onNote({ kind: 'first-channels', channels: header.components }, name);
    if (levels !== null) onNote({ kind: 'levels', ...levels }, name);
    return header.spacing ? { ...image, spacing: header.spacing } : image;
  } finally {
    release();
  }
}

/** Waits for the memory that decoding needs. @throws DataError with both numbers when there will never be as much */
export function reserveFor(bytes: number, { width, height }: Size, name: string): Promise<() => void> {
  if (bytes <= DECODE_BYTES) return reserve(bytes);
  throw new DataError(
    name,
    `${width}x${height} pixels need ${mebibytes(bytes)} MiB to be decoded, ${mebibytes(DECODE_BYTES)} are allowed: cut it into tiles`,
  );
}

type Size = Pick<ImageHeader, 'width' | 'height'>;

const mebibytes = (bytes: number): number => Math.ceil(bytes / 2 ** 20);

function checkSize(image: Size, header: Size, name: string): void {
  if (image.width === header.width && image.height === header.height) return;
  throw new DataError(
    name,
    `decoded to ${image.width}x${image.height}, its header says ${header.width}x${header.height}`,
  );
}

export function checkPixels(size: Size, name: string, maxPixels: number): void {
  if (size.width * size.height > maxPixels) {
    throw new DataError(
      name,
      `${size.width}x${size.height} pixels are more than the ${Math.floor(maxPixels / 2 ** 20)} Mpx allowed: cut it into tiles`,
    );
  }
}

/** The first line of what a decoder complains about. */
function oneLine(error: unknown): string {
  const text = messageOf(error);
  return (text.split('\n')[0] as string).trim().replace(/\.$/, '');
}
