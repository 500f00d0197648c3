import { DataError } from '../../engine/errors.js';
import { readStart } from '../../engine/files/read.js';

/** Bytes of one annotation file, at most. */
const MAX_BYTES = 2 ** 29 - 1;
/** Bytes in which an XML declaration ends. */
const DECLARATION = 200;
const POINTER = 'version https://git-lfs';

/**
 * An annotation or list as text: by its byte order mark, by the encoding that its XML declaration names, or as UTF-8.
 *
 * @throws DataError when it is missing, too large, a Git LFS pointer, or not in the encoding it is said to be
 */
export async function readAnnotation(file: string, maxBytes = MAX_BYTES): Promise<string> {
  const refuse = (problem: string) => new DataError(file, problem);
  const { bytes } = await readStart(file, { maxBytes, refuse });
  return decodeAnnotation(bytes, file);
}

export function decodeAnnotation(bytes: Uint8Array, file: string): string {
  const encoding = encodingOf(bytes);
  let text: string;
  try {
    text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (error) {
    const why = error instanceof RangeError ? `the encoding '${encoding}' is not known` : `it is not ${encoding} text`;
    throw new DataError(file, `${why}: save it as UTF-8`);
  }
  if (text.startsWith(POINTER)) {
    throw new DataError(file, 'it is a pointer of Git LFS whose file was not fetched: run git lfs pull');
  }
  return text;
}

function encodingOf(bytes: Uint8Array): string {
  const [a, b, c, d] = bytes;
  if (a === 0xff && b === 0xfe) return 'utf-16le';
  if (a === 0xfe && b === 0xff) return 'utf-16be';
  if (a === 0xef && b === 0xbb && c === 0xbf) return 'utf-8';
  // Without a mark every second byte of Latin letters is zero.
  if (a !== 0 && b === 0 && c !== 0 && d === 0) return 'utf-16le';
  if (a === 0 && b !== 0 && c === 0 && d !== 0) return 'utf-16be';
  const start = String.fromCharCode(...bytes.subarray(0, DECLARATION));
  return /^\s*<\?xml[^>]*\sencoding\s*=\s*["']([\w.:-]+)["']/.exec(start)?.[1]?.toLowerCase() ?? 'utf-8';
}

/** The lines of a list without blank ones. */
export function linesOf(text: string): string[] {
  return text
    .split(/\r\n|\n|\r/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
