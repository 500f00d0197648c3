import type { Raster, RasterHeader } from './raster.js';

const IMAGE = 0x2c;
const EXTENSION = 0x21;
/** First row and step of the four passes of an interlaced image. */
const PASSES = [
  [0, 8],
  [4, 8],
  [2, 4],
  [1, 2],
] as const;

export const isGif = (bytes: Uint8Array): boolean => String.fromCharCode(...bytes.subarray(0, 4)) === 'GIF8';

export function gifHeader(bytes: Uint8Array): RasterHeader | null {
  if (bytes.length < 13) return null;
  const [width, height] = [word(bytes, 6), word(bytes, 8)];
  if (width === 0 || height === 0) throw new Error(`damaged GIF: it declares ${width}x${height} pixels`);
  return { width, height, kind: 'palette' };
}

/** Images of a whole file. */
export function countFrames(bytes: Uint8Array): number {
  const flags = bytes[10] ?? 0;
  let at = 13 + ((flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1));
  let frames = 0;
  while (at < bytes.length && (bytes[at] === IMAGE || bytes[at] === EXTENSION)) {
    if (bytes[at] === IMAGE) {
      frames++;
      const local = bytes[at + 9] ?? 0;
      at += 11 + ((local & 0x80) === 0 ? 0 : 3 * 2 ** ((local & 7) + 1));
    } else at += 2;
    for (let size = bytes[at] ?? 0; size > 0; size = bytes[at] ?? 0) at += size + 1;
    at++;
  }
  return frames;
}

/** The first frame, as palette indices; around it index 0. @source CompuServe, GIF89a specification */
export function readGif(bytes: Uint8Array): Raster {
  const header = gifHeader(bytes);
  if (header === null) throw new Error('truncated GIF: it ends inside its header');
  const flags = bytes[10] as number;
  const globalSize = (flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1);
  let at = skipToImage(bytes, 13 + globalSize);
  const [left, top, width, height] = [1, 3, 5, 7].map((offset) => word(bytes, at + offset)) as [
    number,
    number,
    number,
    number,
  ];
  const local = bytes[at + 9] ?? 0;
  const localSize = (local & 0x80) === 0 ? 0 : 3 * 2 ** ((local & 7) + 1);
  const palette = localSize > 0 ? bytes.slice(at + 10, at + 10 + localSize) : bytes.slice(13, 13 + globalSize);
  at += 10 + localSize;
  const indices = unpack(joinBlocks(bytes, at + 1), bytes[at] as number, width * height);
  const data = new Uint8Array(header.width * header.height);
  for (const [row, y] of rowOrder(height, (local & 0x40) !== 0).entries()) {
    if (top + y >= header.height) continue;
    const visible = Math.max(0, Math.min(width, header.width - left));
    data.set(indices.subarray(row * width, row * width + visible), (top + y) * header.width + left);
  }
  return { ...header, data, palette, maximum: 255 };
}

/** Offset of the first image descriptor. */
function skipToImage(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length) {
    if (bytes[at] === IMAGE && at + 10 < bytes.length) return at;
    if (bytes[at] !== EXTENSION) break;
    for (at += 2; (bytes[at] ?? 0) > 0; ) at += (bytes[at] as number) + 1;
    at++;
  }
  throw new Error('damaged GIF: no image in it');
}

/** The bytes of a chain of blocks. */
function joinBlocks(bytes: Uint8Array, from: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let [at, total] = [from, 0];
  for (let size = bytes[at] ?? 0; size > 0; size = bytes[at] ?? 0) {
    const part = bytes.subarray(at + 1, at + 1 + size);
    parts.push(part);
    total += part.length;
    at += size + 1;
  }
  const joined = new Uint8Array(total);
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** LZW with codes of growing width. @throws Error when the codes end before the pixels do */
function unpack(bytes: Uint8Array, leastBits: number, count: number): Uint8Array {
  if (leastBits < 1 || leastBits > 8) throw new Error('damaged GIF: impossible code size');
  const [clear, end] = [2 ** leastBits, 2 ** leastBits + 1];
  const [prefix, suffix, lengths] = [new Int16Array(4096), new Uint8Array(4096), new Uint16Array(4096)];
  for (let code = 0; code < clear; code++) [suffix[code], lengths[code], prefix[code]] = [code, 1, -1];
  const out = new Uint8Array(count);
  let [next, width, previous, filled, buffer, bits, at] = [end + 1, leastBits + 1, -1, 0, 0, 0, 0];
  while (filled < count) {
    while (bits < width && at < bytes.length) {
      buffer |= (bytes[at++] as number) << bits;
      bits += 8;
    }
    if (bits < width) throw new Error('truncated GIF: pixels are missing');
    const code = buffer & (2 ** width - 1);
    buffer >>>= width;
    bits -= width;
    if (code === clear) {
      [next, width, previous] = [end + 1, leastBits + 1, -1];
      continue;
    }
    if (code === end) throw new Error('truncated GIF: pixels are missing');
    if (code > next || (code === next && previous < 0) || (code > end && code >= next && previous < 0)) {
      throw new Error('damaged GIF: a code that stands for nothing');
    }
    const source = code < next ? code : previous;
    const length = lengths[source] as number;
    let first = source;
    for (let c = source, place = filled + length - 1; c >= 0; c = prefix[c] as number, place--) {
      if (place < count) out[place] = suffix[c] as number;
      first = c;
    }
    filled += length;
    if (code >= next && filled < count) out[filled] = suffix[first] as number;
    if (code >= next) filled++;
    if (previous >= 0 && next < 4096) {
      [prefix[next], suffix[next], lengths[next]] = [
        previous,
        suffix[first] as number,
        (lengths[previous] as number) + 1,
      ];
      next++;
      if (next === 2 ** width && width < 12) width++;
    }
    previous = code;
  }
  return out;
}

function rowOrder(height: number, isInterlaced: boolean): number[] {
  const rows: number[] = [];
  if (!isInterlaced) return Array.from({ length: height }, (_, y) => y);
  for (const [first, step] of PASSES) for (let y = first; y < height; y += step) rows.push(y);
  return rows;
}

const word = (bytes: Uint8Array, at: number): number => (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
