import type { HostValues } from '../../deploy/hostNetwork.js';

/** Tensors as bytes: the length of a JSON header, the header, and the values of all tensors, one after the other. */
export function packTensors(tensors: HostValues): Uint8Array<ArrayBuffer> {
  const entries = Object.entries(tensors);
  const text = JSON.stringify(entries.map(([name, { shape }]) => [name, shape]));
  const header = new TextEncoder().encode(text + ' '.repeat((4 - (text.length % 4)) % 4)); // names are ASCII
  const size = entries.reduce((sum, [, { values }]) => sum + values.byteLength, 4 + header.length);
  const bytes = new Uint8Array(size);
  new DataView(bytes.buffer).setUint32(0, header.length, true);
  bytes.set(header, 4);
  let at = 4 + header.length;
  for (const [, { values }] of entries) {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
    at += values.byteLength;
  }
  return bytes;
}

/** @param bytes at the start of their buffer */
export function unpackTensors(bytes: ArrayBuffer): HostValues {
  const length = new DataView(bytes).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, length))) as [string, number[]][];
  let at = 4 + length;
  const tensors = header.map(([name, shape]) => {
    const values = new Float32Array(
      bytes,
      at,
      shape.reduce((product, side) => product * side, 1),
    );
    at += values.byteLength;
    return [name, { values, shape }] as const;
  });
  return Object.fromEntries(tensors);
}
