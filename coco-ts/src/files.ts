import { CocoError } from './errors.js';
import { nodeModule } from './runtime.js';
import { shown } from './shown.js';

type Fs = typeof import('node:fs');

/** Most bytes that are held in memory at once: of a compressed file unpacked, of a stream, of a small file read whole. */
export const MOST_BYTES = 2 ** 31 - 1;
/** gzip of JSON gives 3 to 60 times as much; more than this beyond the first bytes is meant to fill the memory. */
const MOST_RATIO = 100;
const FREE_BYTES = 2 ** 26;

/** How many bytes a compressed text of this length may become. */
export const unpackingLimit = (packed: number): number =>
  Math.min(MOST_BYTES, Math.max(FREE_BYTES, MOST_RATIO * packed));

/**
 * Opens a file for reading, without waiting for a writer as opening a pipe does.
 * @throws CocoError for what is no regular file: a folder, a pipe, a device, also behind a link
 */
export function openFile(path: string | URL): { descriptor: number; size: number; mtimeMs: number } {
  const fs = nodeModule<Fs>('fs');
  if (fs === undefined) throw new CocoError('reading a path needs Node: pass the bytes of the file');
  const { O_RDONLY, O_NONBLOCK = 0 } = fs.constants;
  const descriptor = fs.openSync(path, O_RDONLY | O_NONBLOCK);
  const status = fs.fstatSync(descriptor);
  if (status.isFile()) return { descriptor, size: status.size, mtimeMs: status.mtimeMs };
  fs.closeSync(descriptor);
  const kind = status.isDirectory() ? 'a folder' : status.isFIFO() ? 'a pipe' : 'a device';
  throw new CocoError(`${shown(path)} is ${kind}: a regular file is needed`);
}

/**
 * The bytes of a file, as many as it says it has.
 * @param most of them that are read; the rest of a longer file is left
 * @param limit a longer file is refused
 */
export function readFile(path: string | URL, { most = MOST_BYTES, limit = MOST_BYTES } = {}): Uint8Array {
  const { descriptor, size } = openFile(path);
  const fs = nodeModule<Fs>('fs')!;
  try {
    if (size > limit) throw new CocoError(`${shown(path)} has ${size} bytes, at most ${limit} are read at once`);
    const bytes = new Uint8Array(Math.min(size, most));
    return bytes.subarray(0, readInto(fs, descriptor, bytes, 0));
  } finally {
    fs.closeSync(descriptor);
  }
}

/** Fills the target from a position of the file on. @returns the bytes there were */
export function readInto(
  { readSync }: Pick<Fs, 'readSync'>,
  descriptor: number,
  target: Uint8Array,
  position: number,
): number {
  let got = 0;
  while (got < target.length) {
    const n = readSync(descriptor, target, got, target.length - got, position + got);
    if (n === 0) break;
    got += n;
  }
  return got;
}
