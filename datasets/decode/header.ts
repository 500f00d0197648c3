import { open, readFile } from 'node:fs/promises';
import { DataError } from '../../engine/errors.js';
import { chooseDecoder } from './chooseDecoder.js';
import { exifOrientation, isJpeg, readJpegHeader } from './jpeg.js';
import { swapsAxes } from './orientation.js';
import { isPng, readPngHeader } from './png.js';

export interface ImageHeader {
  /** Pixels with the EXIF orientation applied. */
  readonly width: number;
  readonly height: number;
  /** EXIF orientation of the stored pixels, 1..8. */
  readonly orientation: number;
  readonly format: 'png' | 'jpeg' | 'other';
  /** JPEG: offset of the first scan and stored components; else 0. */
  readonly scan: number;
  readonly components: number;
}

/** Pixels an image may declare before it is refused: 16384 x 16384. */
export const MAX_PIXELS = 2 ** 28;

const HEAD_BYTES = 65536;

/**
 * Size of an image after its EXIF orientation, from the first kilobytes of the file.
 *
 * @throws DataError when the file is missing, no image, or damaged in its header
 */
export async function readImageSize(file: string): Promise<ImageHeader> {
  const head = await readHead(file, HEAD_BYTES);
  return (await headerOf(head, file, head.length < HEAD_BYTES)) ?? (await requireHeader(await readBytes(file), file));
}

/** Header of a whole file in memory; `name` is what errors call it. */
export async function requireHeader(bytes: Uint8Array, name: string): Promise<ImageHeader> {
  const header = await headerOf(bytes, name, true);
  if (header === null) throw new DataError(name, 'truncated image: it ends inside its header');
  return header;
}

/** @throws DataError 'there is no such file' and the like, never a bare system error */
export async function readBytes(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    throw unreadable(file, error);
  }
}

export function unreadable(file: string, error: unknown): DataError {
  const code = (error as { code?: string }).code ?? String(error);
  const known: { [code: string]: string } = { ENOENT: 'there is no such file', EACCES: 'no permission to read it' };
  return new DataError(file, known[code] ?? `cannot be read (${code})`);
}

async function readHead(file: string, count: number): Promise<Uint8Array> {
  try {
    const handle = await open(file, 'r');
    try {
      const { bytesRead, buffer } = await handle.read(new Uint8Array(count), 0, count, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw unreadable(file, error);
  }
}

/** null: more bytes are needed. `whole`: `bytes` are the whole file. */
async function headerOf(bytes: Uint8Array, name: string, whole: boolean): Promise<ImageHeader | null> {
  if (bytes.length === 0) throw new DataError(name, 'the file is empty');
  try {
    if (isPng(bytes)) return pngHeader(bytes);
    if (isJpeg(bytes)) return jpegHeader(bytes);
  } catch (error) {
    throw new DataError(name, (error as Error).message);
  }
  if (!whole) return null;
  return { ...(await (await chooseDecoder()).probe(bytes, name)), format: 'other', scan: 0, components: 0 };
}

function jpegHeader(bytes: Uint8Array): ImageHeader | null {
  const header = readJpegHeader(bytes);
  if (header === null) return null;
  return { ...upright(header, header.orientation), format: 'jpeg', scan: header.scan, components: header.components };
}

function pngHeader(bytes: Uint8Array): ImageHeader {
  const header = readPngHeader(bytes);
  return { ...upright(header, pngOrientation(bytes)), format: 'png', scan: 0, components: header.channels };
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

function upright(stored: { width: number; height: number }, orientation: number) {
  const swap = swapsAxes(orientation);
  return { width: swap ? stored.height : stored.width, height: swap ? stored.width : stored.height, orientation };
}
