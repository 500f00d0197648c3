/** The parts of the protocol buffers encoding that files of events and of networks need. @source protobuf.dev/programming-guides/encoding */

const [VARINT, FIXED64, LENGTH, FIXED32] = [0, 1, 2, 5];

function varint(value: number): readonly number[] {
  const bytes: number[] = [];
  for (let rest = BigInt(value); ; rest >>= 7n) {
    const byte = Number(rest & 127n);
    if (rest < 128n) return [...bytes, byte];
    bytes.push(byte | 128);
  }
}

const key = (field: number, wire: number): readonly number[] => varint(field * 8 + wire);

/** @param value a whole number that is not negative */
export const int64Field = (field: number, value: number): Uint8Array =>
  Uint8Array.from([...key(field, VARINT), ...varint(value)]);

export function doubleField(field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value, true);
  return message([Uint8Array.from(key(field, FIXED64)), bytes]);
}

export function floatField(field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return message([Uint8Array.from(key(field, FIXED32)), bytes]);
}

/** Bytes, or a message inside a message. */
export const bytesField = (field: number, bytes: Uint8Array): Uint8Array =>
  message([Uint8Array.from([...key(field, LENGTH), ...varint(bytes.length)]), bytes]);

export const textField = (field: number, text: string): Uint8Array => bytesField(field, new TextEncoder().encode(text));

/** Fields one after the other. */
export function message(fields: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(fields.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const field of fields) {
    whole.set(field, at);
    at += field.length;
  }
  return whole;
}
