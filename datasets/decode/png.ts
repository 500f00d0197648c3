import { crc32, inflateSync } from 'node:zlib';
import { codeOf } from '../../engine/errors.js';

/** What IHDR declares. */
export interface PngHeader {
  readonly width: number;
  readonly height: number;
  /** Bits a sample. */
  readonly depth: number;
  /** Samples a pixel as stored: a palette image has 1, its index. */
  readonly channels: number;
  readonly indexed: boolean;
  readonly interlaced: boolean;
}

export interface PngImage extends PngHeader {
  /** [height, width, channels] as stored: palette indices and low bit depths unpacked, never scaled. */
  readonly samples: Uint8Array | Uint16Array;
  /** [colours * 3] RGB of a palette image. */
  readonly palette: Uint8Array | null;
}

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
const DEPTHS: { readonly [colourType: number]: readonly number[] } = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};
const CHANNELS: { readonly [colourType: number]: number } = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
/** Adam7: first column, first row, column step, row step. */
const PASSES: readonly (readonly [number, number, number, number])[] = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
];
const WHOLE = [[0, 0, 1, 1]] as const;

export function isPng(bytes: Uint8Array): boolean {
  return SIGNATURE.every((byte, i) => bytes[i] === byte);
}

/** @throws Error saying what is wrong; 33 bytes are enough */
export function readPngHeader(bytes: Uint8Array): PngHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!isPng(bytes)) throw new Error('not a PNG file');
  if (bytes.length < 33 || chunkName(bytes, 12) !== 'IHDR') throw new Error('damaged PNG: no image header');
  if (view.getUint32(8) !== 13 || crc32(bytes.subarray(12, 29)) !== view.getUint32(29)) {
    throw new Error('damaged PNG: the checksum of its header is wrong');
  }
  const [depth, type, interlace] = [view.getUint8(24), view.getUint8(25), view.getUint8(28)];
  const channels = CHANNELS[type];
  if (channels === undefined || !DEPTHS[type]?.includes(depth) || interlace > 1) {
    throw new Error(`damaged PNG: colour type ${type} with ${depth} bits does not exist`);
  }
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  if (width === 0 || height === 0) throw new Error('damaged PNG: it declares no pixels');
  return { width, height, depth, channels, indexed: type === 3, interlaced: interlace === 1 };
}

/**
 * Decodes a PNG to its samples as stored. Memory is bounded by the declared size, which the caller has checked.
 *
 * @throws Error saying what is wrong: damaged, truncated, more data than declared, index outside the palette
 * @source Portable Network Graphics, third edition (W3C)
 */
export function readPng(bytes: Uint8Array): PngImage {
  const header = readPngHeader(bytes);
  const { data, palette } = collectChunks(bytes);
  if (header.indexed && palette === null) throw new Error('damaged PNG: palette image without a palette');
  const passes = (header.interlaced ? PASSES : WHOLE).map(([x, y, dx, dy]) => {
    const width = Math.ceil((header.width - x) / dx);
    const height = Math.ceil((header.height - y) / dy);
    const rowBytes = Math.ceil((width * header.channels * header.depth) / 8);
    return { x, y, dx, dy, width, height, rowBytes, size: width > 0 && height > 0 ? height * (rowBytes + 1) : 0 };
  });
  const total = passes.reduce((sum, pass) => sum + pass.size, 0);
  const raw = inflate(data, total);
  const count = header.width * header.height * header.channels;
  const samples = header.depth === 16 ? new Uint16Array(count) : new Uint8Array(count);
  const step = Math.max(1, (header.channels * header.depth) >> 3);
  let start = 0;
  for (const pass of passes) {
    if (pass.size === 0) continue;
    unfilter(raw.subarray(start, start + pass.size), pass.rowBytes, step);
    for (let row = 0; row < pass.height; row++) {
      const line = start + row * (pass.rowBytes + 1) + 1;
      const to = ((pass.y + row * pass.dy) * header.width + pass.x) * header.channels;
      unpackRow(raw, line, samples, to, pass.width, pass.dx, header);
    }
    start += pass.size;
  }
  if (header.indexed) checkIndices(samples, (palette as Uint8Array).length / 3);
  return { ...header, samples, palette: header.indexed ? palette : null };
}

function chunkName(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}

function collectChunks(bytes: Uint8Array): { data: Uint8Array; palette: Uint8Array | null } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts: Uint8Array[] = [];
  let palette: Uint8Array | null = null;
  for (let at = 8; ; ) {
    if (at + 12 > bytes.length) throw new Error('truncated PNG');
    const length = view.getUint32(at);
    const name = chunkName(bytes, at + 4);
    if (at + 12 + length > bytes.length) throw new Error('truncated PNG');
    const body = bytes.subarray(at + 8, at + 8 + length);
    const critical = name === 'IDAT' || name === 'PLTE' || name === 'IEND';
    if (critical && crc32(bytes.subarray(at + 4, at + 8 + length)) !== view.getUint32(at + 8 + length)) {
      throw new Error(`damaged PNG: the checksum of ${name} is wrong`);
    }
    if (name === 'IDAT') parts.push(body);
    if (name === 'PLTE') palette = body;
    if (name === 'IEND') break;
    at += 12 + length;
  }
  if (parts.length === 0) throw new Error('damaged PNG: no image data');
  if (palette !== null && (palette.length % 3 !== 0 || palette.length > 768))
    throw new Error('damaged PNG: bad palette');
  return { data: parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts), palette };
}

function inflate(data: Uint8Array, total: number): Uint8Array {
  let raw: Uint8Array;
  try {
    raw = inflateSync(data, { maxOutputLength: total });
  } catch (error) {
    const larger = codeOf(error) === 'ERR_BUFFER_TOO_LARGE';
    throw new Error(
      larger ? 'damaged PNG: more image data than it declares' : 'damaged PNG: image data cannot be unpacked',
    );
  }
  if (raw.length !== total) throw new Error('damaged PNG: less image data than it declares');
  return raw;
}

/** In place; a row is its filter byte and `rowBytes`, `step` the distance to the pixel at the left. */
function unfilter(raw: Uint8Array, rowBytes: number, step: number): void {
  const stride = rowBytes + 1;
  for (let row = 0; row * stride < raw.length; row++) {
    const start = row * stride + 1;
    const filter = raw[start - 1] as number;
    if (filter > 4) throw new Error(`damaged PNG: row filter ${filter} does not exist`);
    if (filter === 0) continue;
    for (let i = 0; i < rowBytes; i++) {
      const at = start + i;
      const left = i >= step ? (raw[at - step] as number) : 0;
      const up = row > 0 ? (raw[at - stride] as number) : 0;
      const corner = row > 0 && i >= step ? (raw[at - stride - step] as number) : 0;
      raw[at] = (raw[at] as number) + predict(filter, left, up, corner);
    }
  }
}

function predict(filter: number, left: number, up: number, corner: number): number {
  if (filter === 1) return left;
  if (filter === 2) return up;
  if (filter === 3) return (left + up) >> 1;
  const estimate = left + up - corner;
  const [a, b, c] = [Math.abs(estimate - left), Math.abs(estimate - up), Math.abs(estimate - corner)];
  return a <= b && a <= c ? left : b <= c ? up : corner;
}

function unpackRow(
  raw: Uint8Array,
  from: number,
  into: Uint8Array | Uint16Array,
  to: number,
  width: number,
  columnStep: number,
  { depth, channels }: PngHeader,
): void {
  if (depth === 8 && columnStep === 1) {
    into.set(raw.subarray(from, from + width * channels), to);
    return;
  }
  for (let x = 0; x < width; x++) {
    for (let c = 0; c < channels; c++) {
      const i = x * channels + c;
      into[to + x * columnStep * channels + c] = sampleAt(raw, from, i, depth);
    }
  }
}

function sampleAt(raw: Uint8Array, from: number, index: number, depth: number): number {
  if (depth === 8) return raw[from + index] as number;
  if (depth === 16) return ((raw[from + 2 * index] as number) << 8) | (raw[from + 2 * index + 1] as number);
  const bit = index * depth;
  return ((raw[from + (bit >> 3)] as number) >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
}

function checkIndices(samples: Uint8Array | Uint16Array, colours: number): void {
  for (const index of samples) {
    if (index >= colours) throw new Error(`damaged PNG: index ${index} in a palette of ${colours} colours`);
  }
}
