import type { Pixels } from '../sample.js';

/** One way to turn the bytes of an image file into pixels. */
export interface Decoder {
  readonly name: 'sharp' | 'js';
  /** Pixels as stored (JPEG, PNG: no orientation applied) or upright (other formats). Throws a plain Error. */
  decode(bytes: Uint8Array, source: Source): Promise<Pixels>;
  /** Upright size of a file that is neither JPEG nor PNG. Throws a DataError naming `name`. */
  probe(bytes: Uint8Array, name: string): Promise<{ width: number; height: number; orientation: number }>;
}

/** What is known of a file before it is decoded. */
export interface Source {
  readonly format: 'png' | 'jpeg' | 'other';
  readonly components: number;
  readonly scan: number;
  readonly maxPixels: number;
}
