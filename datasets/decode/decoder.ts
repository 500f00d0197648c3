import type { RgbPixels } from '../sample.js';
import type { ImageHeader } from './header.js';
import type { Levels, SampleType } from './levels.js';

/** One way to turn the bytes of an image file into pixels. */
export interface Decoder {
  readonly name: 'sharp' | 'js';
  /** Pixels as stored (JPEG, PNG, TIFF: no orientation applied) or upright (other formats). Throws a plain Error. */
  decode(bytes: Uint8Array, source: Source): Promise<Decoded>;
  /**
   * All samples of one page as they are stored, [height, width, channels] and no orientation applied; alpha included. Throws
   * a plain Error.
   */
  samples(bytes: Uint8Array, source: Source, page: number): Promise<StoredSamples>;
  /**
   * Upright size of a file that is neither JPEG, PNG nor TIFF, which `kind` names. Throws a DataError naming `name`.
   */
  probe(bytes: Uint8Array, name: string, kind: string): Promise<Probed>;
  /** Memory that decoding takes at its peak, bytes a pixel, the file and the result included. */
  bytesPerPixel(source: ImageHeader): number;
}

export interface StoredSamples {
  readonly values: ArrayLike<number>;
  readonly width: number;
  readonly height: number;
  /** In `values`. */
  readonly channels: number;
}

/** What is known of a file before it is decoded. */
export type Source = ImageHeader & { readonly maxPixels: number };

export interface Decoded extends RgbPixels {
  /** How samples of another type than uint8 became bytes; null for those. */
  readonly levels: Levels | null;
  /** What is said to be alpha looks like a colour of its own, such as near infrared. */
  readonly isBand: boolean;
}

interface Probed {
  readonly width: number;
  readonly height: number;
  readonly orientation: number;
  readonly samples: SampleType;
  /** Pages or frames. */
  readonly pages: number;
}
