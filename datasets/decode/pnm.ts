import type { Raster, RasterHeader } from './raster.js';

interface PnmHeader extends RasterHeader {
  /** 1 to 6: P1 to P3 as text, P4 to P6 as bytes. */
  readonly type: number;
  readonly maximum: number;
  /** Offset of the first sample. */
  readonly start: number;
}

const SPACE = /\s/;

export const isPnm = (bytes: Uint8Array): boolean =>
  bytes[0] === 0x50 &&
  (bytes[1] as number) >= 0x31 &&
  (bytes[1] as number) <= 0x36 &&
  SPACE.test(String.fromCharCode(bytes[2] ?? 0));

export const pnmHeader = (bytes: Uint8Array): RasterHeader | null => parseHeader(bytes);

/** @source Netpbm: pbm(5), pgm(5), ppm(5) */
function parseHeader(bytes: Uint8Array): PnmHeader | null {
  const type = (bytes[1] as number) - 0x30;
  const hasMaximum = type !== 1 && type !== 4;
  const numbers: number[] = [];
  let at = 2;
  while (numbers.length < (hasMaximum ? 3 : 2)) {
    const found = nextNumber(bytes, at);
    if (found === null) return null;
    numbers.push(found.value);
    at = found.end;
  }
  const [width = 0, height = 0, maximum = 1] = numbers;
  if (width === 0 || height === 0 || maximum === 0 || maximum > 65_535) {
    throw new Error(`damaged PNM: it declares ${width}x${height} pixels up to ${maximum}`);
  }
  return { width, height, kind: type === 3 || type === 6 ? 'rgb' : 'grey', type, maximum, start: at + 1 };
}

/** The next number of a text with comments; null where the bytes end before it does. */
function nextNumber(bytes: Uint8Array, from: number): { readonly value: number; readonly end: number } | null {
  let at = from;
  for (; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (byte === 0x23) while (at < bytes.length && bytes[at] !== 0x0a) at++;
    else if (!SPACE.test(String.fromCharCode(byte))) break;
  }
  let value = 0;
  const start = at;
  for (; at < bytes.length; at++) {
    const digit = (bytes[at] as number) - 0x30;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
    if (value > 2 ** 31) throw new Error('damaged PNM: a number beyond all measure');
  }
  if (at >= bytes.length) return at > start ? { value, end: at } : null;
  if (at === start) throw new Error('damaged PNM: a number is expected');
  return { value, end: at };
}

export function readPnm(bytes: Uint8Array): Raster {
  const header = parseHeader(bytes);
  if (header === null) throw new Error('truncated PNM: it ends inside its header');
  const { width, height, kind, type, maximum } = header;
  const count = width * height * (kind === 'rgb' ? 3 : 1);
  const data = type <= 3 ? readTexts(bytes, header, count) : readBytes(bytes, header, count);
  // In a bitmap 1 is black.
  if (type === 1 || type === 4) for (let i = 0; i < count; i++) data[i] = 1 - (data[i] as number);
  return { width, height, kind, data, palette: null, maximum };
}

function readTexts(bytes: Uint8Array, { type, maximum, start }: PnmHeader, count: number): Uint8Array | Uint16Array {
  const data = maximum > 255 ? new Uint16Array(count) : new Uint8Array(count);
  let at = start;
  for (let i = 0; i < count; i++) {
    if (type === 1) {
      while (at < bytes.length && bytes[at] !== 0x30 && bytes[at] !== 0x31) at++;
      if (at >= bytes.length) throw new Error('truncated PNM: samples are missing');
      data[i] = (bytes[at++] as number) - 0x30;
      continue;
    }
    const found = nextNumber(bytes, at);
    if (found === null) throw new Error('truncated PNM: samples are missing');
    data[i] = Math.min(found.value, maximum);
    at = found.end;
  }
  return data;
}

function readBytes(
  bytes: Uint8Array,
  { type, width, height, maximum, start }: PnmHeader,
  count: number,
): Uint8Array | Uint16Array {
  const isWide = maximum > 255;
  const stride = Math.ceil(width / 8);
  const needed = type === 4 ? stride * height : count * (isWide ? 2 : 1);
  if (start + needed > bytes.length) throw new Error('truncated PNM: samples are missing');
  if (type === 4) {
    return Uint8Array.from({ length: count }, (_, i) => {
      const x = i % width;
      return ((bytes[start + Math.floor(i / width) * stride + (x >> 3)] as number) >> (7 - (x & 7))) & 1;
    });
  }
  if (!isWide) return bytes.slice(start, start + count);
  return Uint16Array.from(
    { length: count },
    (_, i) => (bytes[start + 2 * i] as number) * 256 + (bytes[start + 2 * i + 1] as number),
  );
}
