import { DataError } from '../../engine/errors.js';
import { AT_ONCE, checkPixels, reserveFor } from './decodeImage.js';
import { MAX_PIXELS, named, readHead, readImage } from './header.js';
import { isJpeg } from './jpeg.js';
import { isPng, type PngImage, readPng, readPngHeader } from './png.js';

/** At most: rows as unpacked, samples, and the values without alpha, of 16 bits each. */
const BYTES_PER_PIXEL = 10;

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
  const { bytes, size } =
    typeof source === 'string' ? await readHead(source, AT_ONCE) : { bytes: source, size: source.length };
  if (isJpeg(bytes)) throw new DataError(name, 'a JPEG cannot be a mask, compression changes its values: use PNG');
  if (!isPng(bytes)) throw new DataError(name, 'a mask must be a PNG file');
  const header = named(name, () => readPngHeader(bytes));
  checkPixels(header, name, maxPixels);
  if (header.channels > 2) {
    throw new DataError(
      name,
      'a colour mask does not say which class a colour is: save palette indices or grey values',
    );
  }
  const release = await reserveFor(size + header.width * header.height * BYTES_PER_PIXEL, header, name);
  try {
    const whole = bytes.length === size ? bytes : await readImage(name);
    return maskOf(named(name, () => readPng(whole)));
  } finally {
    release();
  }
}

function maskOf({ indexed, channels, samples, width, height, depth }: PngImage): MaskImage {
  const kind = indexed ? 'palette' : channels === 1 ? 'grey' : 'grey+alpha';
  const data = channels === 1 ? samples : samples.filter((_, i) => i % 2 === 0);
  return { data, width, height, kind, depth };
}
