import type { Context } from '../context.js';
import type { Pointer } from './api.js';

/** Has `fill` write into a TF_Buffer and copies what it holds. */
export function readBuffer({ api }: Context, fill: (buffer: Pointer) => void): Uint8Array {
  const buffer = api.TF_NewBuffer();
  try {
    fill(buffer);
    const fields = new BigUint64Array(2); // struct TF_Buffer { const void* data; size_t length; ... }
    api.copyOut(fields, buffer, fields.byteLength);
    const [data = 0n, length = 0n] = fields;
    const bytes = new Uint8Array(Number(length));
    if (length > 0n) api.copyOut(bytes, data, bytes.length);
    return bytes;
  } finally {
    api.TF_DeleteBuffer(buffer);
  }
}
