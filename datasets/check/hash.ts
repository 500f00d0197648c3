import { createHash } from 'node:crypto';
import type { Pixels } from '../sample.js';

/** The digest of an image's values; of one of a single value `id`, as all of them are alike. */
export function hashValues({ data }: Pixels, id: string): string {
  if (data.every((value: number) => value === data[0])) return `constant ${id}`;
  return createHash('sha256')
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest('hex');
}
