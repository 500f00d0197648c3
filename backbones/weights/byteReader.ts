import { WeightsError } from '../../engine/errors.js';

/** Little-endian reads that never leave the buffer. */
export interface ByteReader {
  readonly position: number;
  readonly length: number;
  /** A view of the next `count` bytes. @throws WeightsError when fewer are left */
  bytes(count: number): Uint8Array;
  u8(): number;
  u16(): number;
  u32(): number;
  i32(): number;
  /** A 64-bit size. @throws WeightsError when it is negative or above 2^53 */
  size64(): number;
  /** Big-endian, as pickles store floats. */
  f64be(): number;
  /** Text up to the next line feed. */
  line(): string;
}

export function createByteReader(data: Uint8Array, start = 0): ByteReader {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  let position = start;
  const take = (count: number): number => {
    if (position + count > data.length) {
      throw new WeightsError(`the file is cut off: ${count} bytes wanted at ${position} of ${data.length}`);
    }
    const from = position;
    position += count;
    return from;
  };
  return {
    get position() {
      return position;
    },
    length: data.length,
    bytes: (count) => {
      const from = take(count);
      return data.subarray(from, from + count);
    },
    u8: () => view.getUint8(take(1)),
    u16: () => view.getUint16(take(2), true),
    u32: () => view.getUint32(take(4), true),
    i32: () => view.getInt32(take(4), true),
    size64: () => {
      const value = Number(view.getBigInt64(take(8), true));
      if (Number.isSafeInteger(value) && value >= 0) return value;
      throw new WeightsError(`the file is damaged: a size of ${value} at ${position - 8}`);
    },
    f64be: () => view.getFloat64(take(8), false),
    line: () => {
      const end = data.indexOf(0x0a, position);
      if (end < 0) throw new WeightsError(`the file is cut off: an unfinished line at ${position}`);
      const text = new TextDecoder().decode(data.subarray(position, end));
      position = end + 1;
      return text;
    },
  };
}
