import { DataError } from '../../engine/errors.js';
import { caseStatistics } from '../caseStatistics.js';
import type { PixelType } from '../pixelTypes.js';
import type { PixelData, Pixels } from '../sample.js';
import { chooseDecoder } from './chooseDecoder.js';
import { AT_ONCE, checkPixels, decodeImage, reserveFor } from './decodeImage.js';
import { type ImageHeader, MAX_PIXELS, openImage, readImage, requireHeader } from './header.js';
import type { SampleType } from './levels.js';
import { turned } from './orientation.js';

/** What an image is in its own depth. */
export interface DeepFormat {
  readonly type: PixelType;
  readonly channels: number;
}

/** What a type of samples is kept in: whole numbers of 32 bits as floats. */
const KEPT: { readonly [type in SampleType]: PixelType } = {
  uint8: 'uint8',
  uint16: 'uint16',
  uint32: 'float32',
  int8: 'int16',
  int16: 'int16',
  int32: 'float32',
  float32: 'float32',
};

/** Type and channels of an image file by its header; alpha is dropped, other channels are kept. */
export function deepFormat({ format, samples, components, colours, alpha, notes }: ImageHeader): DeepFormat {
  if (!isDeep(format)) return { type: 'uint8', channels: 3 };
  if (format === 'png') return { type: KEPT[samples], channels: colours };
  const isMore = notes.some(({ kind }) => kind === 'first-channels');
  return { type: KEPT[samples], channels: isMore ? components : alpha ? components - 1 : colours };
}

export interface DecodeDeepOptions {
  /** Page of a TIFF, from 0. Defaults to the first. */
  readonly page?: number;
}

/** Other formats hold 8 bits, or are turned to them with loss. */
const isDeep = (format: ImageHeader['format']): boolean =>
  format === 'png' || format === 'tiff' || format === 'jpeg2000';

/**
 * Decodes an image in its own depth: PNG, TIFF and JPEG 2000 of 8, 16 and 32 bits with all of their channels but alpha; others are
 * 8-bit RGB. The EXIF orientation is applied.
 *
 * @param source path of a file, or its bytes
 * @throws DataError as decodeImage
 */
export async function decodeDeep(source: string | Uint8Array, { page = 0 }: DecodeDeepOptions = {}): Promise<Pixels> {
  const file = typeof source === 'string' ? source : 'image bytes';
  const { header, size, bytes } =
    typeof source === 'string'
      ? await openImage(source, AT_ONCE)
      : { header: await requireHeader(source, file), size: source.length, bytes: source };
  checkPixels(header, file, MAX_PIXELS);
  if (!isDeep(header.format)) return withStatistics(await decodeImage(source, { onNote: () => {} }));
  const { type, channels } = deepFormat(header);
  const decoder = await chooseDecoder();
  const perPixel = decoder.bytesPerPixel(header) + 8 * Math.max(1, header.components);
  const release = await reserveFor(size + header.width * header.height * perPixel, header, file);
  try {
    const stored = await decoder
      .samples(bytes ?? (await readImage(file)), { ...header, maxPixels: MAX_PIXELS }, page)
      .catch((error: unknown) => {
        throw new DataError(
          file,
          `cannot be decoded: ${error instanceof Error ? error.message.split('\n')[0] : error}`,
        );
      });
    if (stored.channels < channels) throw new DataError(file, `decoded to ${stored.channels} channels of ${channels}`);
    const data = keep(stored.values, stored.channels, channels, type);
    const image = turned({ data, width: stored.width, height: stored.height }, header.orientation, channels);
    return withStatistics({ ...image, ...(header.spacing && { spacing: header.spacing }) });
  } finally {
    release();
  }
}

function withStatistics(image: Pixels): Pixels {
  const { data, width, height } = image;
  const channels = data.length / (width * height);
  return { ...image, statistics: caseStatistics(data, { width, height, depth: 1, channels }) };
}

const CREATE = { uint8: Uint8Array, uint16: Uint16Array, int16: Int16Array, float32: Float32Array } as const;

/** The first channels, in the type that is kept. */
function keep(values: ArrayLike<number>, stored: number, channels: number, type: PixelType): PixelData {
  const count = values.length / stored;
  const into = new CREATE[type](count * channels);
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < channels; c++) into[i * channels + c] = values[i * stored + c] as number;
  }
  return into;
}
