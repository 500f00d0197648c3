import { Inflate, Unzlib } from 'fflate';
import { messageOf, WeightsError } from '../../engine/errors.js';

/** Deflate makes at most 1032 bytes of one. */
const MAX_RATIO = 1033;
/** What is small may be packed well; weights are not. */
const SMALL_BYTES = 64 * 1024 * 1024;
const MAX_WEIGHTS_RATIO = 30;
const PIECE_BYTES = 16 * 1024;

/**
 * @param packed bytes that are there
 * @returns      `size`, the bytes they claim to become
 * @throws WeightsError when no honest weights are packed that well
 */
export function checkClaim(size: number, packed: number, name: string): number {
  if (size > packed * MAX_RATIO || (size > SMALL_BYTES && size > packed * MAX_WEIGHTS_RATIO)) {
    throw new WeightsError(`'${name}' claims ${size} bytes in ${packed} packed ones: a zip bomb, refused`);
  }
  return size;
}

/**
 * Unpacks deflate data of a known size, in pieces: memory and time are bounded by `size`, whatever the data say.
 *
 * @param wrapper 'zlib' when a zlib header precedes the data
 * @throws WeightsError when the data are damaged, do not unpack to `size` bytes, or claim more than they could hold
 */
export function inflate(packed: Uint8Array, size: number, name: string, wrapper: 'none' | 'zlib' = 'none'): Uint8Array {
  checkClaim(size, packed.length, name);
  const result = new Uint8Array(size);
  let position = 0;
  unpack(packed, name, wrapper, (piece) => {
    if (position + piece.length > size) throw new WeightsError(`'${name}' unpacks to more than its ${size} bytes`);
    result.set(piece, position);
    position += piece.length;
    return true;
  });
  if (position !== size) throw new WeightsError(`'${name}' unpacks to ${position} bytes, not ${size}`);
  return result;
}

/** The first `count` bytes. */
export function inflateStart(packed: Uint8Array, count: number, name: string): Uint8Array {
  const result = new Uint8Array(count);
  let position = 0;
  unpack(packed, name, 'none', (piece) => {
    const part = piece.subarray(0, count - position);
    result.set(part, position);
    position += part.length;
    return position < count;
  });
  return result.subarray(0, position);
}

/** Feeds `take` until the data end or it has enough. */
function unpack(
  packed: Uint8Array,
  name: string,
  wrapper: 'none' | 'zlib',
  take: (piece: Uint8Array) => boolean,
): void {
  let wanted = true;
  const collect = (piece: Uint8Array): void => {
    wanted = wanted && take(piece);
  };
  const stream = wrapper === 'zlib' ? new Unzlib(collect) : new Inflate(collect);
  try {
    for (let at = 0; at < packed.length && wanted; at += PIECE_BYTES) {
      const end = Math.min(packed.length, at + PIECE_BYTES);
      stream.push(packed.subarray(at, end), end === packed.length);
    }
  } catch (error) {
    if (error instanceof WeightsError) throw error;
    throw new WeightsError(`'${name}' cannot be unpacked: ${messageOf(error)}`);
  }
}
