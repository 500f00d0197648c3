/** Writes NumPy's files on its own, as this package imports nothing. */
import { CocoError } from '../errors.js';

/** An array as numpy stores it: C order. Strings become numpy's fixed-width unicode. */
export interface NpyArray {
  readonly shape: readonly number[];
  readonly data: Float64Array | Int32Array | Uint8Array | readonly string[];
}

/** Most characters, times four bytes, of the texts of one array: each takes as much room as the longest. */
const MOST_TEXT_BYTES = 2 ** 28;
const MOST_ZIP_BYTES = 0xffffffff;

/**
 * A file of numpy: magic, version 1.0, a header padded to 64 bytes, the values in little endian.
 * @throws CocoError when shape and data disagree
 * @source numpy.lib.format, "Format Version 1.0"
 */
export const writeNpy = (array: NpyArray): Uint8Array => joinParts(npyParts(array));

/** The head of the file and its values, which are those of the array where they can be. */
function npyParts({ shape, data }: NpyArray): [Uint8Array, Uint8Array] {
  const size = shape.reduce((product, n) => product * n, 1);
  if (size !== data.length)
    throw new CocoError(`${data.length} values do not fill the shape [${shape.join(', ')}]`, 'ValueError');
  const { descr, bytes } = content(data);
  const dims = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${dims}), }`;
  const header = `${dict.padEnd(Math.ceil((dict.length + 11) / 64) * 64 - 11)}\n`;
  const head = new Uint8Array(10 + header.length);
  head.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length & 255, header.length >> 8]);
  head.set(new TextEncoder().encode(header), 10);
  return [head, bytes];
}

/** Every processor that runs JavaScript today is little-endian. */
const NATIVE = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

function content(data: NpyArray['data']): { descr: string; bytes: Uint8Array } {
  if (data instanceof Uint8Array) return { descr: '|u1', bytes: data };
  if (data instanceof Float64Array && NATIVE)
    return { descr: '<f8', bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
  if (data instanceof Float64Array || data instanceof Int32Array) {
    const double = data instanceof Float64Array;
    const view = new DataView(new ArrayBuffer(8 * data.length));
    for (let i = 0; i < data.length; i++) {
      if (double) view.setFloat64(8 * i, data[i]!, true);
      else view.setBigInt64(8 * i, BigInt(data[i]!), true);
    }
    return { descr: double ? '<f8' : '<i8', bytes: new Uint8Array(view.buffer) };
  }
  const longest = data.reduce((most, { length }) => Math.max(most, length), 1);
  if (4 * longest * data.length > MOST_TEXT_BYTES)
    throw new CocoError(`${data.length} texts of up to ${longest} characters are too many for numpy's fixed width`);
  const texts = data.map((text) => Array.from(text, (character) => character.codePointAt(0)!));
  const width = texts.reduce((most, { length }) => Math.max(most, length), 1);
  const view = new DataView(new ArrayBuffer(4 * width * texts.length));
  for (const [i, points] of texts.entries())
    for (const [j, point] of points.entries()) view.setUint32(4 * (i * width + j), point, true);
  return { descr: `<U${width}`, bytes: new Uint8Array(view.buffer) };
}

/**
 * Several arrays in one file, as numpy.savez writes them: a zip archive of .npy files, not compressed.
 * @source PKWARE APPNOTE 6.3, sections 4.3.7, 4.3.12, 4.3.16
 */
export const writeNpz = (arrays: Readonly<Record<string, NpyArray>>): Uint8Array => joinParts(npzParts(arrays));

/** The same in pieces, which for the most part are the arrays themselves. @throws CocoError beyond the 4 GB of a zip archive */
export function npzParts(arrays: Readonly<Record<string, NpyArray>>): Uint8Array[] {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const [key, array] of Object.entries(arrays)) {
    const name = new TextEncoder().encode(`${key}.npy`);
    const [head, values] = npyParts(array);
    const bytes = head.length + values.length;
    const place = record(14, (view) => view.setUint32(10, offset, true));
    offset += 4 + 26 + name.length + bytes;
    if (offset > MOST_ZIP_BYTES) throw new CocoError('the arrays need more than 4 GB: write them one by one');
    const common = record(26, (view) => {
      view.setUint16(0, 20, true); // version needed; flags, method (stored) and time stay 0
      view.setUint16(8, 0x21, true); // 1980-01-01
      view.setUint32(10, crc32(values, crc32(head)), true);
      view.setUint32(14, bytes, true);
      view.setUint32(18, bytes, true);
      view.setUint16(22, name.length, true);
    });
    parts.push(signature(0x04034b50), common, name, head, values);
    directory.push(signature(0x02014b50), Uint8Array.of(20, 0), common, place, name);
  }
  const length = directory.reduce((sum, part) => sum + part.length, 0);
  const end = record(18, (view) => {
    view.setUint16(4, Object.keys(arrays).length, true);
    view.setUint16(6, Object.keys(arrays).length, true);
    view.setUint32(8, length, true);
    view.setUint32(12, offset, true);
  });
  return [...parts, ...directory, signature(0x06054b50), end];
}

function record(length: number, fill: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(length);
  fill(new DataView(bytes.buffer));
  return bytes;
}

const signature = (value: number): Uint8Array => record(4, (view) => view.setUint32(0, value, true));

/** Pieces one after another. */
export function joinParts(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

let table: Uint32Array | null = null;

/** The checksum of zip and PNG (ISO 3309), polynomial 0xedb88320. @param before checksum of what stands before the bytes */
export function crc32(bytes: Uint8Array, before = 0): number {
  table ??= Uint32Array.from({ length: 256 }, (_, n) => {
    let c = n;
    for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
    return c;
  });
  let crc = ~before;
  for (let i = 0; i < bytes.length; i++) crc = table[(crc ^ bytes[i]!) & 255]! ^ (crc >>> 8);
  return ~crc >>> 0;
}
