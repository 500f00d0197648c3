import { createWriteStream } from 'node:fs';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32, createInflateRaw } from 'node:zlib';
import { EspalierError } from '../../errors.js';
import { openRegular, type ReadLimit, streamRegular } from '../../files/read.js';

/** One file of a zip archive; sizes in bytes. */
export interface ZipEntry {
  readonly name: string;
  readonly method: number;
  readonly compressed: number;
  readonly size: number;
  readonly crc: number;
  readonly headerOffset: number;
}

const END_SIGNATURE = 0x06054b50;
const ENTRY_SIGNATURE = 0x02014b50;
const LOCAL_SIGNATURE = 0x04034b50;
/** Bytes before a file's name. */
const LOCAL_HEADER = 30;
const MAX_DIRECTORY_BYTES = 64 * 2 ** 20;
/** Libraries shrink to a third; what unpacks to more than this many times the archive, and to more than this, is made to fill a disk. */
const MAX_RATIO = 20;
const MODEST_BYTES = 64 * 2 ** 20;

/**
 * Lists a zip archive (wheels are zip archives). Archives beyond 4 GB (zip64) are refused, and those whose files share bytes
 * or have one name.
 *
 * @throws EspalierError for what is no regular file or no such archive
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
    requireApart(path, entries, offset);
    return entries;
  } finally {
    file.close();
  }
}

const limitOf = (path: string): ReadLimit => ({
  maxBytes: 2 ** 32,
  refuse: (problem) => new EspalierError(`${path}: ${problem}`),
});

/** Refuses files that lie over one another, which would let few bytes unpack to many, or over the directory. */
function requireApart(path: string, entries: readonly ZipEntry[], end: number): void {
  if (new Set(entries.map(({ name }) => name)).size < entries.length) {
    throw new EspalierError(`${path}: two files of the archive have one name`);
  }
  let free = 0;
  for (const { name, compressed, headerOffset } of entries.toSorted((a, b) => a.headerOffset - b.headerOffset)) {
    const next = headerOffset + LOCAL_HEADER + Buffer.byteLength(name) + compressed;
    if (headerOffset < free || next > end)
      throw new EspalierError(`${path}: files of the archive lie over one another`);
    free = next;
  }
}

/**
 * Refuses to unpack what would fill a disk.
 *
 * @throws EspalierError when the entries together are out of proportion to the archive
 */
export async function requireProportion(path: string, entries: readonly ZipEntry[]): Promise<void> {
  const unpacked = entries.reduce((sum, { size }) => sum + size, 0);
  const file = openRegular(path, limitOf(path));
  const { size } = file;
  file.close();
  if (unpacked <= Math.max(MODEST_BYTES, MAX_RATIO * size)) return;
  throw new EspalierError(
    `${path} has ${size} bytes and would unpack to ${unpacked}, more than ${MAX_RATIO} times as many: no library shrinks like that`,
  );
}

/** Unpacks one entry into a file, never more than the size the directory states; its checksum is compared. */
export async function extractZipEntry(path: string, entry: ZipEntry, to: string): Promise<void> {
  if (entry.method !== 0 && entry.method !== 8)
    throw new EspalierError(`${path}: compression ${entry.method} is unknown`);
  const file = openRegular(path, limitOf(path));
  let start: number;
  try {
    const header = Buffer.from(file.view(entry.headerOffset, LOCAL_HEADER));
    if (header.length < LOCAL_HEADER || header.readUInt32LE(0) !== LOCAL_SIGNATURE) {
      throw new EspalierError(`${path}: ${entry.name} is not where the directory says`);
    }
    start = entry.headerOffset + LOCAL_HEADER + header.readUInt16LE(26) + header.readUInt16LE(28);
  } finally {
    file.close();
  }
  let written = 0;
  let crc = 0;
  const guard = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      written += chunk.length;
      crc = crc32(chunk, crc);
      done(written > entry.size ? new EspalierError(`${path}: ${entry.name} is larger than stated`) : null, chunk);
    },
  });
  const source = streamRegular(path, limitOf(path), { start, end: Math.max(start, start + entry.compressed - 1) });
  const target = createWriteStream(to, { flush: true });
  await (entry.method === 8 ? pipeline(source, createInflateRaw(), guard, target) : pipeline(source, guard, target));
  if (written !== entry.size) throw new EspalierError(`${path}: ${entry.name} is truncated`);
  if (crc !== entry.crc) throw new EspalierError(`${path}: ${entry.name} is damaged: its checksum is another`);
}

function parseDirectory(directory: Buffer): ZipEntry[] {
  const entries: ZipEntry[] = [];
  for (let at = 0; at + 46 <= directory.length && directory.readUInt32LE(at) === ENTRY_SIGNATURE; ) {
    const nameLength = directory.readUInt16LE(at + 28);
    entries.push({
      name: directory.toString('utf8', at + 46, at + 46 + nameLength),
      method: directory.readUInt16LE(at + 10),
      crc: directory.readUInt32LE(at + 16),
      compressed: directory.readUInt32LE(at + 20),
      size: directory.readUInt32LE(at + 24),
      headerOffset: directory.readUInt32LE(at + 42),
    });
    at += 46 + nameLength + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
  return entries;
}
