import { createWriteStream } from 'node:fs';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32, createInflateRaw } from 'node:zlib';
import type { ByteSource } from '../../../weights/bytes/byteSource.js';
import { readZip, type ZipEntry } from '../../../weights/bytes/zip.js';
import { fileSource } from '../../../weights/fileSource.js';
import { EspalierError } from '../../errors.js';

/** Bytes read at a time. */
const PIECE_BYTES = 2 ** 20;

/**
 * Opens a zip archive on disk (wheels are zip archives) as long as `use` takes.
 *
 * @throws EspalierError for what is no regular file or no such archive
 */
export async function withZip<T>(path: string, use: (entries: readonly ZipEntry[]) => T | Promise<T>): Promise<T> {
  const source = fileSource(path);
  try {
    return await use(readZip(source));
  } finally {
    source.close();
  }
}

/** Unpacks one entry into a file, never more than the size the directory states; its checksum is compared. */
export async function extractZipEntry(entry: ZipEntry, to: string): Promise<void> {
  const { name, method, size } = entry;
  let written = 0;
  let crc = 0;
  const guard = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      written += chunk.length;
      crc = crc32(chunk, crc);
      done(written > size ? new EspalierError(`${name} of the archive is larger than stated`) : null, chunk);
    },
  });
  const packed = Readable.from(piecesOf(entry.packed()));
  const target = createWriteStream(to, { flush: true });
  // zlib and not `entry.open()`: libraries of half a gigabyte go to the disk piece by piece.
  await (method === 'deflated' ? pipeline(packed, createInflateRaw(), guard, target) : pipeline(packed, guard, target));
  if (written !== size) throw new EspalierError(`${name} of the archive is truncated`);
  if (crc !== entry.crc) throw new EspalierError(`${name} of the archive is damaged: its checksum is another`);
}

function* piecesOf(source: ByteSource): Generator<Uint8Array, void> {
  for (let at = 0; at < source.size; at += PIECE_BYTES) yield source.view(at, Math.min(PIECE_BYTES, source.size - at));
}
