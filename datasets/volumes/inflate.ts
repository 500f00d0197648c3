import { constants, gunzipSync, inflateSync } from 'node:zlib';
import { codeOf } from '../../engine/errors.js';

export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** Bytes after the values of a file that are borne. */
const MORE = 2 ** 20;

/** Unpacks gzip or zlib to at most what a header declares and a little more. @throws Error for damage, and for more */
export function inflateBounded(bytes: Uint8Array, byteLength: number): Uint8Array {
  try {
    const options = { maxOutputLength: byteLength + MORE };
    return isGzip(bytes) ? gunzipSync(bytes, options) : inflateSync(bytes, options);
  } catch (error) {
    const isLarger = codeOf(error) === 'ERR_BUFFER_TOO_LARGE';
    throw new Error(
      isLarger
        ? `more values than the ${byteLength} bytes that it declares`
        : 'its values cannot be unpacked: the file is damaged',
    );
  }
}

/** Of packed bytes, enough for any header. */
const HEAD = 4096;

/** The beginning of what is packed. @throws Error for damage */
export function inflateHead(bytes: Uint8Array): Uint8Array {
  try {
    return gunzipSync(bytes.subarray(0, HEAD), { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 2 ** 23 });
  } catch {
    throw new Error('it cannot be unpacked: the file is damaged');
  }
}
