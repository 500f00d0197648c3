import { DataError } from '../../engine/errors.js';
import type { Pixels } from '../sample.js';
import { chooseDecoder } from './chooseDecoder.js';
import { MAX_PIXELS, readBytes, requireHeader } from './header.js';
import { applyOrientation } from './orientation.js';

/**
 * Decodes an image to 8-bit RGB. EXIF orientation is always applied, alpha dropped, grey repeated, CMYK turned to RGB
 * without a profile, 16 bits cut to the upper 8; embedded colour profiles are ignored.
 *
 * @param source path of a file, or its bytes
 * @param maxPixels an image that declares more is refused before anything is allocated
 * @throws DataError when it is missing, too large, truncated, damaged, or of an unknown format
 */
export async function decodeImage(source: string | Uint8Array, { maxPixels = MAX_PIXELS } = {}): Promise<Pixels> {
  const name = typeof source === 'string' ? source : 'image bytes';
  const bytes = typeof source === 'string' ? await readBytes(source) : source;
  const header = await requireHeader(bytes, name);
  checkPixels(header, name, maxPixels);
  const decoder = await chooseDecoder();
  const stored = await decoder.decode(bytes, { ...header, maxPixels }).catch((error: unknown) => {
    throw new DataError(name, `cannot be decoded: ${oneLine(error)}`);
  });
  const image = header.format === 'other' ? stored : applyOrientation(stored, header.orientation);
  if (image.width !== header.width || image.height !== header.height) {
    throw new DataError(
      name,
      `decoded to ${image.width}x${image.height}, its header says ${header.width}x${header.height}`,
    );
  }
  return image;
}

export function checkPixels(size: { width: number; height: number }, name: string, maxPixels: number): void {
  if (size.width * size.height > maxPixels) {
    throw new DataError(
      name,
      `${size.width}x${size.height} pixels are more than the ${Math.floor(maxPixels / 2 ** 20)} Mpx allowed: cut it into tiles`,
    );
  }
}

/** The first line of what a decoder complains about. */
function oneLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return (text.split('\n')[0] as string).trim().replace(/\.$/, '');
}
