import { WeightsError } from '../../engine/errors.js';
import { type ByteSource, memorySource } from './byteSource.js';

/** Little-endian reads, one after the other, that never leave their source. */
export interface ByteReader {
  /** Next byte to read; may be set. */
  position: number;
  readonly length: number;
  /** A view of the next `count` bytes. @throws WeightsError when fewer are left */
  bytes(count: number): Uint8Array;
  skip(count: number): void;
  u8(): number;
  u16(): number;
  u32(): number;
  i32(): number;
  /** A 64-bit size. @throws WeightsError when it is negative or above 2^53 */
  size64(): number;
  /** Big-endian, as pickles store floats. */
  f64be(): number;
  /** Text of the next `count` bytes, UTF-8. */
  text(count: number): string;
  /** Text up to the next line feed. */
  line(): string;
}

/** Bytes fetched at once. */
const CHUNK_BYTES = 64 * 1024;
const MAX_LINE_BYTES = 4096;
const UTF8 = new TextDecoder();

export function createByteReader(data: Uint8Array | ByteSource, start = 0): ByteReader {
  const source = data instanceof Uint8Array ? memorySource(data) : data;
  let position = start;
  let chunk = new Uint8Array();
  let chunkStart = 0;
  let values = new DataView(chunk.buffer);
  /** Position inside the chunk of the next `count` bytes. */
  const take = (count: number): number => {
    if (position < chunkStart || position + count > chunkStart + chunk.length) {
      const wanted = Math.min(Math.max(count, CHUNK_BYTES), source.size - position);
      chunk = source.view(position, Math.max(wanted, count)) as Uint8Array<ArrayBuffer>;
      chunkStart = position;
      values = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    }
    const from = position - chunkStart;
    position += count;
    return from;
  };
  const bytes = (count: number): Uint8Array => {
    const from = take(count);
    return chunk.subarray(from, from + count);
  };
  /** `take` first: it may put another chunk in place of `values`. */
  const number = <T>(count: number, read: (at: number) => T): T => read(take(count));
  return {
    get position() {
      return position;
    },
    set position(value) {
      position = value;
    },
    length: source.size,
    bytes,
    skip: (count) => {
      position += count;
    },
    u8: () => number(1, (at) => values.getUint8(at)),
    u16: () => number(2, (at) => values.getUint16(at, true)),
    u32: () => number(4, (at) => values.getUint32(at, true)),
    i32: () => number(4, (at) => values.getInt32(at, true)),
    size64: () => {
      const value = Number(number(8, (at) => values.getBigInt64(at, true)));
      if (Number.isSafeInteger(value) && value >= 0) return value;
      throw new WeightsError(`the file is damaged: a size of ${value} at ${position - 8}`);
    },
    f64be: () => number(8, (at) => values.getFloat64(at, false)),
    text: (count) => UTF8.decode(bytes(count)),
    line: () => {
      const text = bytes(Math.min(MAX_LINE_BYTES, source.size - position));
      const end = text.indexOf(0x0a);
      position -= text.length - end - 1;
      if (end < 0) throw new WeightsError(`the file is damaged: an unfinished line near ${position}`);
      return UTF8.decode(text.subarray(0, end));
    },
  };
}
