import { WeightsError } from '../../engine/errors.js';
import { createByteReader } from './byteReader.js';
import { type ByteSource, memorySource, windowSource } from './byteSource.js';

/** One field of a message: a number, or the bytes of a text, a packed list or an inner message. */
export type Field =
  | { readonly number: number; readonly kind: 'varint' | 'fixed32' | 'fixed64'; readonly value: bigint }
  | { readonly number: number; readonly kind: 'bytes'; readonly value: ByteSource };

const MAX_VARINT_BYTES = 10;
/** Most fields of one message; lists of numbers are packed into one field. */
const MAX_FIELDS = 1_000_000;

/**
 * The fields of a protocol buffer message, one by one, without reading what lies in them. Hand-written, as libraries read a
 * whole message into memory, and need its schema.
 *
 * @throws WeightsError when the message is cut off or uses groups
 * @source Protocol Buffers documentation, Encoding
 */
export function* readFields(source: ByteSource): Generator<Field> {
  const reader = createByteReader(source);
  for (let count = 0; reader.position < source.size; count++) {
    if (count > MAX_FIELDS)
      throw new WeightsError(`${source.name} has a message of more than ${MAX_FIELDS} fields: refused`);
    const key = Number(varint(() => reader.u8()));
    const number = Math.floor(key / 8);
    const wire = key % 8;
    if (wire === 0) yield { number, kind: 'varint', value: varint(() => reader.u8()) };
    else if (wire === 5) yield { number, kind: 'fixed32', value: BigInt(reader.u32()) };
    else if (wire === 1) yield { number, kind: 'fixed64', value: BigInt(reader.u32()) | (BigInt(reader.u32()) << 32n) };
    else if (wire === 2) {
      const length = Number(varint(() => reader.u8()));
      yield { number, kind: 'bytes', value: windowSource(source, reader.position, length) };
      reader.skip(length);
    } else throw new WeightsError(`${source.name} is damaged: a field of wire type ${wire}`);
  }
}

/** An unsigned 64-bit number in groups of seven bits. */
function varint(byte: () => number): bigint {
  let low = 0;
  for (let i = 0; i < 4; i++) {
    const part = byte();
    low |= (part & 127) << (7 * i);
    if (part < 128) return BigInt(low);
  }
  let value = BigInt(low);
  for (let i = 4; i < MAX_VARINT_BYTES; i++) {
    const part = byte();
    value |= BigInt(part & 127) << BigInt(7 * i);
    if (part < 128) return BigInt.asUintN(64, value);
  }
  throw new WeightsError('a protocol buffer number has no end: the file is damaged');
}

/** A packed list of numbers. */
export function* packedVarints(source: ByteSource): Generator<bigint> {
  const reader = createByteReader(source);
  while (reader.position < source.size) yield varint(() => reader.u8());
}

export function fieldText(source: ByteSource): string {
  return new TextDecoder().decode(source.view(0, source.size));
}

/** The messages or texts of one repeated field of a message in memory. */
export function fieldBytes(message: Uint8Array, number: number): readonly Uint8Array[] {
  return [...readFields(memorySource(message, 'a message'))].flatMap((field) =>
    field.kind === 'bytes' && field.number === number ? [field.value.view(0, field.value.size)] : [],
  );
}
