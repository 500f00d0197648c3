import { EngineError } from '../../errors.js';

/** One field of a message: a number for varints and fixed sizes, else the bytes of a string or a message. */
export interface Field {
  readonly number: number;
  readonly value: number | Uint8Array;
}

/**
 * The fields of one message, in order; messages inside stay bytes.
 *
 * @throws EngineError when the bytes end inside a field
 * @source protobuf.dev, "Encoding"
 */
export function* readFields(bytes: Uint8Array): Generator<Field> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; at < bytes.length && factor < 2 ** 70; factor *= 128) {
      const byte = bytes[at++] as number;
      value += (byte & 127) * factor; // exact up to 2 ** 53: lengths and enums
      if (byte < 128) return value;
    }
    throw new EngineError('a protocol buffer message is damaged');
  };
  const take = (length: number): Uint8Array => {
    if (at + length > bytes.length) throw new EngineError('a protocol buffer message is cut off');
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = varint();
    const [number, kind] = [Math.floor(tag / 8), tag % 8];
    if (kind === 0) yield { number, value: varint() };
    else if (kind === 1) yield { number, value: take(8) };
    else if (kind === 2) yield { number, value: take(varint()) };
    else if (kind === 5) yield { number, value: take(4) };
    else throw new EngineError(`a protocol buffer message has wire type ${kind}, which does not exist`);
  }
}

/** The messages or strings of one repeated field. */
export function allBytes(bytes: Uint8Array, field: number): readonly Uint8Array[] {
  const found: Uint8Array[] = [];
  for (const { number, value } of readFields(bytes)) {
    if (number === field && typeof value !== 'number') found.push(value);
  }
  return found;
}

/** The last string of a field; empty when there is none. */
export function text(bytes: Uint8Array, field: number): string {
  return Buffer.from(allBytes(bytes, field).at(-1) ?? []).toString('utf8');
}
