import { constants, gunzipSync, inflateSync } from 'node:zlib';
import { DECODE_BYTES } from '../decode/memory.js';

export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** Bytes after the values of a file that are borne. */
const MORE = 2 ** 20;

/** Values that few bytes may declare have room in memory. @param bytes as heldBytes counts them @throws Error where they have not */
export function requireRoom(bytes: number): void {
  const mebibytes = (count: number): number => Math.ceil(count / 2 ** 20);
  if (bytes <= DECODE_BYTES) return;
  throw new Error(
    `needs ${mebibytes(bytes)} MiB to be unpacked, ${mebibytes(DECODE_BYTES)} are allowed: crop it, or save it as int16`,
  );
}

/** Unpacks gzip or zlib to at most what a header declares and a little more. @throws Error for damage, and for more */
export function inflateBounded(bytes: Uint8Array, byteLength: number): Uint8Array {
  try {
    const options = { maxOutputLength: byteLength + MORE };
    return isGzip(bytes) ? gunzipSync(bytes, options) : inflateSync(bytes, options);
  } catch (error) {
    const isLarger = (error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE';
    throw new Error(
      isLarger
        ? `more values than the ${byteLength} bytes that it declares`
        : 'its values cannot be unpacked: the file is damaged',
    );
  }
}

/** Packed bytes at the beginning, enough for any header. */
const HEAD = 4096;

/** The beginning of what is packed. @throws Error for damage */
export function inflateHead(bytes: Uint8Array): Uint8Array {
  try {
    return gunzipSync(bytes.subarray(0, HEAD), { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 2 ** 23 });
  } catch {
    throw new Error('it cannot be unpacked: the file is damaged');
  }
}
