import { createWriteStream } from 'node:fs';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createInflateRaw } from 'node:zlib';
import { EspalierError } from '../errors.js';
import { openRegular, type ReadLimit, streamRegular } from '../files.js';

/** One file of a zip archive; sizes in bytes. */
export interface ZipEntry {
  readonly name: string;
  readonly method: number;
  readonly compressed: number;
  readonly size: number;
  readonly headerOffset: number;
}

const END_SIGNATURE = 0x06054b50;
const ENTRY_SIGNATURE = 0x02014b50;
const MAX_DIRECTORY_BYTES = 64 * 2 ** 20;
const LOCAL_BYTES = 30;
/** Libraries are packed to a quarter; what claims more than this, all together, is a zip bomb. */
const MAX_RATIO = 30;
const SMALL_BYTES = 64 * 2 ** 20;

/**
 * Lists a zip archive (wheels are zip archives). Archives beyond 4 GB (zip64) are refused.
 *
 * @source PKWARE APPNOTE 6.3.9, sections 4.3.12 and 4.3.16
 */
export async function listZip(path: string): Promise<readonly ZipEntry[]> {
  const file = openRegular(path, limitOf(path));
  try {
    const { size } = file;
    const tail = Buffer.from(file.view(Math.max(0, size - 65_557), 65_557));
    const end = tail.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
    if (end < 0 || tail.length < end + 22 || tail.readUInt32LE(end) !== END_SIGNATURE) {
      throw new EspalierError(`${path} is not a zip archive`);
    }
    const bytes = tail.readUInt32LE(end + 12);
    const offset = tail.readUInt32LE(end + 16);
    if (bytes > MAX_DIRECTORY_BYTES || offset + bytes > size) {
      throw new EspalierError(`${path}: the zip directory does not fit into the file`);
    }
    const entries = parseDirectory(Buffer.from(file.view(offset, bytes)));
    checkHonest(path, entries, { start: offset, size });
    return entries;
  } finally {
    file.close();
  }
}

/** Every entry has bytes of its own, and all together unpack to no more than libraries do. */
function checkHonest(
  path: string,
  entries: readonly ZipEntry[],
  directory: { readonly start: number; readonly size: number },
): void {
  const inOrder = [...entries].sort((a, b) => a.headerOffset - b.headerOffset);
  for (const [i, { name, headerOffset, compressed }] of inOrder.entries()) {
    if (headerOffset + LOCAL_BYTES + compressed > (inOrder[i + 1]?.headerOffset ?? directory.start))
      throw new EspalierError(`${path}: '${name}' lies where another file does: refused`);
  }
  const claimed = entries.reduce((sum, { size }) => sum + size, 0);
  if (claimed > SMALL_BYTES + MAX_RATIO * directory.size) {
    throw new EspalierError(`${path} claims ${claimed} bytes in ${directory.size} packed ones: a zip bomb, refused`);
  }
}

const limitOf = (path: string): ReadLimit => ({
  maxBytes: 2 ** 32,
  refuse: (problem) => new EspalierError(`${path}: ${problem}`),
});

/** Unpacks one entry into a file, never more than the size the directory states. */
export async function extractZipEntry(path: string, entry: ZipEntry, to: string): Promise<void> {
  if (entry.method !== 0 && entry.method !== 8)
    throw new EspalierError(`${path}: compression ${entry.method} is unknown`);
  const file = openRegular(path, limitOf(path));
  let start: number;
  try {
    const header = Buffer.from(file.view(entry.headerOffset, LOCAL_BYTES));
    if (header.length < LOCAL_BYTES) throw new EspalierError(`${path}: ${entry.name} is truncated`);
    start = entry.headerOffset + LOCAL_BYTES + header.readUInt16LE(26) + header.readUInt16LE(28);
  } finally {
    file.close();
  }
  let written = 0;
  const guard = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      written += chunk.length;
      done(written > entry.size ? new EspalierError(`${path}: ${entry.name} is larger than stated`) : null, chunk);
    },
  });
  const source = streamRegular(path, limitOf(path), { start, end: Math.max(start, start + entry.compressed - 1) });
  const target = createWriteStream(to, { flush: true });
  await (entry.method === 8 ? pipeline(source, createInflateRaw(), guard, target) : pipeline(source, guard, target));
  if (written !== entry.size) throw new EspalierError(`${path}: ${entry.name} is truncated`);
}

function parseDirectory(directory: Buffer): ZipEntry[] {
  const entries: ZipEntry[] = [];
  for (let at = 0; at + 46 <= directory.length && directory.readUInt32LE(at) === ENTRY_SIGNATURE; ) {
    const nameLength = directory.readUInt16LE(at + 28);
    entries.push({
      name: directory.toString('utf8', at + 46, at + 46 + nameLength),
      method: directory.readUInt16LE(at + 10),
      compressed: directory.readUInt32LE(at + 20),
      size: directory.readUInt32LE(at + 24),
      headerOffset: directory.readUInt32LE(at + 42),
    });
    at += 46 + nameLength + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
  return entries;
}
