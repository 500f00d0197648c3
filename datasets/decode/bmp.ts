import type { Raster, RasterHeader } from './raster.js';

interface BmpHeader extends RasterHeader {
  readonly bits: number;
  readonly compression: number;
  readonly isTopDown: boolean;
  readonly pixels: number;
  readonly masks: readonly [red: number, green: number, blue: number];
  readonly palette: Uint8Array | null;
}

const HEADER_BYTES = 54;
/** Largest header of the format, with its file header, masks and a palette. */
const MOST_BYTES = 14 + 124 + 16 + 1024;
const RLE8 = 1;
const RLE4 = 2;
const BITFIELDS = [3, 6];
const MASKS_16 = [0x7c00, 0x03e0, 0x001f] as const;
const MASKS_32 = [0xff0000, 0x00ff00, 0x0000ff] as const;

export const isBmp = (bytes: Uint8Array): boolean => bytes[0] === 0x42 && bytes[1] === 0x4d;

export function bmpHeader(bytes: Uint8Array): RasterHeader | null {
  return bytes.length < HEADER_BYTES ? null : parseHeader(bytes);
}

/** @source Microsoft, bitmap storage (BITMAPCOREHEADER, BITMAPINFOHEADER to V5) */
function parseHeader(bytes: Uint8Array): BmpHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 26) throw new Error('damaged BMP: it ends inside its header');
  const size = view.getUint32(14, true);
  const isCore = size === 12;
  if (!isCore && (size < 40 || size > 124 || bytes.length < 14 + 40))
    throw new Error(`damaged BMP: a header of ${size} bytes`);
  const [width, rows] = isCore
    ? [view.getUint16(18, true), view.getUint16(20, true)]
    : [view.getInt32(18, true), view.getInt32(22, true)];
  const bits = view.getUint16(isCore ? 24 : 28, true);
  const compression = isCore ? 0 : view.getUint32(30, true);
  const height = Math.abs(rows);
  if (width <= 0 || height === 0) throw new Error(`damaged BMP: it declares ${width}x${height} pixels`);
  const isRle = compression === RLE8 || compression === RLE4;
  const fits =
    (compression === 0 && [1, 4, 8, 16, 24, 32].includes(bits)) ||
    (compression === RLE8 && bits === 8) ||
    (compression === RLE4 && bits === 4) ||
    (BITFIELDS.includes(compression) && (bits === 16 || bits === 32));
  if (!fits) throw new Error(`a BMP of ${bits} bits with compression ${compression} is not read: save it as PNG`);
  if (isRle && rows < 0) throw new Error('damaged BMP: compressed rows from the top');
  const at = 14 + 40;
  const hasMasks = BITFIELDS.includes(compression) && bytes.length >= at + 12;
  const masks = hasMasks
    ? ([view.getUint32(at, true), view.getUint32(at + 4, true), view.getUint32(at + 8, true)] as const)
    : bits === 16
      ? MASKS_16
      : MASKS_32;
  const palette =
    bits > 8 ? null : readPalette(bytes, 14 + size, isCore ? 3 : 4, isCore ? 0 : view.getUint32(46, true), bits);
  return {
    width,
    height,
    kind: palette === null ? 'rgb' : 'palette',
    bits,
    compression,
    isTopDown: rows < 0,
    pixels: view.getUint32(10, true),
    masks,
    palette,
  };
}

function readPalette(bytes: Uint8Array, at: number, step: number, stated: number, bits: number): Uint8Array {
  const count = stated === 0 || stated > 2 ** bits ? 2 ** bits : stated;
  const palette = new Uint8Array(2 ** bits * 3);
  for (let i = 0; i < count && at + i * step + 2 < bytes.length && at + i * step < MOST_BYTES; i++) {
    for (let c = 0; c < 3; c++) palette[i * 3 + c] = bytes[at + i * step + 2 - c] as number;
  }
  return palette;
}

export function readBmp(bytes: Uint8Array): Raster {
  const header = parseHeader(bytes);
  const { width, height, kind, palette, bits, compression, pixels, isTopDown } = header;
  const data = new Uint8Array(width * height * (kind === 'palette' ? 1 : 3));
  if (compression === RLE8 || compression === RLE4) unpackRuns(bytes.subarray(pixels), header, data);
  else {
    const stride = Math.ceil((width * bits) / 32) * 4;
    if (pixels + stride * height > bytes.length) throw new Error('truncated BMP: rows are missing');
    for (let row = 0; row < height; row++) {
      const y = isTopDown ? row : height - 1 - row;
      readRow(bytes.subarray(pixels + row * stride, pixels + (row + 1) * stride), header, data, y * width);
    }
  }
  return { width, height, kind, palette, data, maximum: 255 };
}

function readRow(
  row: Uint8Array,
  { width, bits, masks, compression }: BmpHeader,
  data: Uint8Array,
  from: number,
): void {
  if (bits <= 8) {
    const perByte = 8 / bits;
    for (let x = 0; x < width; x++) {
      const byte = row[Math.floor(x / perByte)] as number;
      data[from + x] = (byte >> (8 - bits - (x % perByte) * bits)) & (2 ** bits - 1);
    }
    return;
  }
  const bytes = bits / 8;
  for (let x = 0; x < width; x++) {
    const at = x * bytes;
    if (bits !== 16 && !BITFIELDS.includes(compression)) {
      for (let c = 0; c < 3; c++) data[(from + x) * 3 + c] = row[at + 2 - c] as number;
      continue;
    }
    let value = 0;
    for (let i = bytes - 1; i >= 0; i--) value = value * 256 + (row[at + i] as number);
    for (let c = 0; c < 3; c++) data[(from + x) * 3 + c] = channel(value, masks[c] as number);
  }
}

/** The bits of a mask, scaled to 8. */
function channel(value: number, mask: number): number {
  if (mask === 0) return 0;
  const shift = 31 - Math.clz32(mask & -mask);
  const most = mask >>> shift;
  return Math.round((((value & mask) >>> shift) * 255) / most);
}

/** Runs of palette indices: count and value, or 0 with an escape: end of row, end, a move, or values as they are. */
function unpackRuns(bytes: Uint8Array, { width, height, compression }: BmpHeader, data: Uint8Array): void {
  let [x, y, at] = [0, 0, 0];
  const put = (index: number): void => {
    if (x < width && y < height) data[(height - 1 - y) * width + x] = index;
    x++;
  };
  const nibble = (byte: number, i: number): number => (i % 2 === 0 ? byte >> 4 : byte & 15);
  while (at + 1 < bytes.length) {
    const [count, value] = [bytes[at] as number, bytes[at + 1] as number];
    at += 2;
    if (count > 0) {
      for (let i = 0; i < count; i++) put(compression === RLE4 ? nibble(value, i) : value);
    } else if (value === 0) [x, y] = [0, y + 1];
    else if (value === 1) return;
    else if (value === 2) {
      [x, y] = [x + (bytes[at] ?? 0), y + (bytes[at + 1] ?? 0)];
      at += 2;
    } else {
      const length = compression === RLE4 ? Math.ceil(value / 2) : value;
      if (at + length > bytes.length) break;
      for (let i = 0; i < value; i++) {
        put(compression === RLE4 ? nibble(bytes[at + (i >> 1)] as number, i) : (bytes[at + i] as number));
      }
      at += length + (length % 2);
    }
    if (y > height) return;
  }
  throw new Error('truncated BMP: its runs have no end');
}
