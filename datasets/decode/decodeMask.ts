import { DataError } from '../../engine/errors.js';
import { checkPixels } from './decodeImage.js';
import { MAX_PIXELS, readBytes } from './header.js';
import { isJpeg } from './jpeg.js';
import { isPng, type PngImage, readPng, readPngHeader } from './png.js';

/** A mask as stored: palette indices or grey values, one a pixel. */
export interface MaskImage {
  /** [height * width] */
  readonly data: Uint8Array | Uint16Array;
  readonly width: number;
  readonly height: number;
  readonly kind: 'palette' | 'grey' | 'grey+alpha';
  /** Bits a value in the file, 1 to 16. */
  readonly depth: number;
}

/**
 * Reads a label PNG without changing a value: palette images as indices, grey ones as they are, alpha dropped.
 *
 * @throws DataError for colour masks (the class of a colour is not known), JPEG (values do not survive), damage, size
 */
export async function decodeMask(source: string | Uint8Array, { maxPixels = MAX_PIXELS } = {}): Promise<MaskImage> {
  const name = typeof source === 'string' ? source : 'mask bytes';
  const bytes = typeof source === 'string' ? await readBytes(source) : source;
  if (isJpeg(bytes)) throw new DataError(name, 'a JPEG cannot be a mask, compression changes its values: use PNG');
  if (!isPng(bytes)) throw new DataError(name, 'a mask must be a PNG file');
  const png = readNamed(bytes, name, maxPixels);
  const kind = png.indexed ? 'palette' : png.channels === 1 ? 'grey' : 'grey+alpha';
  const data = png.channels === 1 ? png.samples : png.samples.filter((_, i) => i % 2 === 0);
  return { data, width: png.width, height: png.height, kind, depth: png.depth };
}

function readNamed(bytes: Uint8Array, name: string, maxPixels: number): PngImage {
  try {
    const header = readPngHeader(bytes);
    checkPixels(header, name, maxPixels);
    if (header.channels > 2) {
      throw new DataError(
        name,
        'a colour mask does not say which class a colour is: save palette indices or grey values',
      );
    }
    return readPng(bytes);
  } catch (error) {
    throw error instanceof DataError ? error : new DataError(name, (error as Error).message);
  }
}
