import { valueAt } from '../../engine/checked.js';
import { type ByteSource, checkRange } from './byteSource.js';

/** Several sources as one, end to end. */
export function concatSources(name: string, parts: readonly ByteSource[]): ByteSource {
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  const fill = (offset: number, target: Uint8Array): void => {
    checkRange(name, size, offset, target.length);
    let start = 0;
    for (const part of parts) {
      const from = Math.max(offset, start);
      const to = Math.min(offset + target.length, start + part.size);
      if (from < to) part.fill(from - start, target.subarray(from - offset, to - offset));
      start += part.size;
    }
  };
  return {
    name,
    size,
    fill,
    view: (offset, count) => {
      checkRange(name, size, offset, count);
      const bytes = new Uint8Array(count);
      fill(offset, bytes);
      return bytes;
    },
    sibling: (path) => valueAt(parts, 0).sibling(path),
  };
}
