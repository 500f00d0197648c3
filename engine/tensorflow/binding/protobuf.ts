/**
 * Just enough of the protocol buffer wire format to write TensorFlow's small messages.
 *
 * @source protobuf.dev, "Encoding"
 */

/** Concatenates fields into one message. */
export function message(...fields: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(fields);
}

/** A varint field: integers, enums, booleans. */
export function varint(field: number, value: number | bigint): Uint8Array {
  return Buffer.concat([encode(BigInt(field << 3)), encode(BigInt(value))]);
}

/** A length-delimited field: strings, bytes, messages. */
export function bytes(field: number, value: Uint8Array | string): Uint8Array {
  const content = typeof value === 'string' ? Buffer.from(value) : value;
  return Buffer.concat([encode(BigInt((field << 3) | 2)), encode(BigInt(content.length)), content]);
}

function encode(value: bigint): Uint8Array {
  const out: number[] = [];
  let rest = BigInt.asUintN(64, value);
  while (rest > 127n) {
    out.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  out.push(Number(rest));
  return Uint8Array.from(out);
}
