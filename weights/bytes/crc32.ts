import type { ByteSource } from './byteSource.js';

/** Bytes that are taken at once. */
const WAYS = 8;
/** Entry 256 k + b is the checksum of byte b with k zero bytes behind it. */
let table: Int32Array | null = null;

/** @source ISO 3309, polynomial 0xedb88320; Kounavis, Berry 2008, doi:10.1109/TC.2008.85, slicing by 8 */
function makeTable(): Int32Array {
  const made = new Int32Array(WAYS * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1;
    made[byte] = crc;
  }
  for (let at = 256; at < made.length; at++) {
    const crc = made[at - 256] as number;
    made[at] = (made[crc & 255] as number) ^ (crc >>> 8);
  }
  return made;
}

/** The checksum of zip archives. @param before checksum of what stands before the bytes */
export function crc32(bytes: Uint8Array, before = 0): number {
  table ??= makeTable();
  const known = table;
  const of = (way: number, byte: number): number => known[256 * way + (byte & 255)] as number;
  const byteAt = (at: number): number => bytes[at] as number;
  let crc = ~before;
  let at = 0;
  for (const end = bytes.length - (bytes.length % WAYS); at < end; at += WAYS) {
    const first = crc ^ (byteAt(at) | (byteAt(at + 1) << 8) | (byteAt(at + 2) << 16) | (byteAt(at + 3) << 24));
    const front = of(7, first) ^ of(6, first >>> 8) ^ of(5, first >>> 16) ^ of(4, first >>> 24);
    crc = front ^ of(3, byteAt(at + 4)) ^ of(2, byteAt(at + 5)) ^ of(1, byteAt(at + 6)) ^ of(0, byteAt(at + 7));
  }
  for (; at < bytes.length; at++) crc = of(0, crc ^ byteAt(at)) ^ (crc >>> 8);
  return ~crc >>> 0;
}

const PIECE_BYTES = 2 ** 22;

/** The checksum of a whole source, which is read piece by piece. */
export function crcOf(source: ByteSource): number {
  let crc = 0;
  for (let at = 0; at < source.size; at += PIECE_BYTES) {
    crc = crc32(source.view(at, Math.min(PIECE_BYTES, source.size - at)), crc);
  }
  return crc;
}
