import { createHash } from 'node:crypto';
import type { PixelData } from '../sample.js';

/** The digest of an image's values, channel files in their order; of such as hold a single value each `id`, as all of them are alike. */
export function hashValues(parts: readonly PixelData[], id: string): string {
  if (parts.every(isConstant)) return `constant ${id}`;
  const hash = createHash('sha256');
  for (const { buffer, byteOffset, byteLength } of parts) hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  return hash.digest('hex');
}

const isConstant = (data: PixelData): boolean => data.every((value: number) => value === data[0]);
