import { crc32 } from 'node:zlib';
import { unzipSync } from 'fflate';
import { requireRoom } from './inflate.js';
import { readValues, requireShape, type StoredType, type Volume } from './volume.js';

const TYPES: { readonly [name: string]: StoredType } = {
  b1: 'uint8',
  u1: 'uint8',
  i1: 'int8',
  u2: 'uint16',
  i2: 'int16',
  u4: 'uint32',
  i4: 'int32',
  u8: 'uint64',
  i8: 'int64',
  f4: 'float32',
  f8: 'float64',
};
const MAX_CHANNELS = 16;
/** Bytes that are held for a byte of an archive, whose type is known once it is unpacked: that byte, and mostly as many of values, twice. */
const MOST_HELD = 3;

export const isNpy = (bytes: Uint8Array): boolean => bytes[0] === 0x93 && bytes[1] === 0x4e && bytes[5] === 0x59;
export const isNpz = (bytes: Uint8Array): boolean => bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3;

/**
 * Reads a NumPy array: [height, width], [depth, height, width], or with a last axis of at most 16 channels where there are four.
 *
 * @throws Error saying what is wrong
 * @source numpy.lib.format
 */
export function readNpy(bytes: Uint8Array): Volume {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isLong = (bytes[6] as number) > 1;
  const length = isLong ? view.getUint32(8, true) : view.getUint16(8, true);
  const from = isLong ? 12 : 10;
  if (from + length > bytes.length || length > 2 ** 16) throw new Error('it ends inside its header');
  const header = new TextDecoder('latin1').decode(bytes.subarray(from, from + length));
  const descr = /'descr':\s*'([<>|=])([a-z]\d+)'/.exec(header);
  const type = TYPES[descr?.[2] ?? ''];
  if (type === undefined) throw new Error('its values are no numbers of 8 to 64 bits');
  if (/'fortran_order':\s*True/.test(header))
    throw new Error("it is in Fortran's order: save numpy.ascontiguousarray of it");
  const sides = (/'shape':\s*\(([^)]*)\)/.exec(header)?.[1] ?? '')
    .split(',')
    .filter((text) => text.trim() !== '')
    .map(Number);
  if (sides.length < 2 || sides.length > 4) throw new Error(`${sides.length} dimensions, 2 to 4 are read`);
  const isLast = sides.length === 4;
  const [channels, space] = isLast ? [sides[3] ?? 1, sides.slice(0, 3)] : [1, sides];
  if (channels > MAX_CHANNELS) throw new Error(`${channels} channels, at most ${MAX_CHANNELS} are read`);
  const [depth = 1, height = 0, width = 0] = space.length === 3 ? space : [1, ...space];
  const shape = { width, height, depth, channels };
  requireShape(shape);
  const values = { type, little: descr?.[1] !== '>', slope: 1, intercept: 0, planar: false };
  return { data: readValues(bytes.subarray(from + length), shape, values), ...shape, spacing: [1, 1, 1], affine: null };
}

/** The array of an .npz that is called image or the like, or the only one. @throws Error where it is not clear which */
export function readNpz(bytes: Uint8Array): Volume {
  const names: string[] = [];
  unzipSync(bytes, {
    filter: ({ name }) => {
      if (name.endsWith('.npy')) names.push(name);
      return false;
    },
  });
  const known = ['image', 'img', 'data', 'volume', 'x', 'mask', 'label', 'arr_0'].map((name) => `${name}.npy`);
  const chosen = names.length === 1 ? names[0] : known.find((name) => names.includes(name));
  if (chosen === undefined)
    throw new Error(`it holds ${names.slice(0, 5).join(', ') || 'no array'}: call one of them image`);
  const found = unzipSync(bytes, {
    filter: ({ name, originalSize }) => {
      if (name !== chosen) return false;
      requireRoom(MOST_HELD * originalSize);
      return true;
    },
  })[chosen];
  if (found === undefined || !isNpy(found)) throw new Error(`'${chosen}' is no array`);
  if (crc32(found) !== checksumOf(bytes, chosen)) throw new Error(`'${chosen}' is damaged: its checksum is another`);
  return readNpy(found);
}

const [END_OF_DIRECTORY, DIRECTORY_ENTRY] = [0x06054b50, 0x02014b50];
const [END_BYTES, ENTRY_BYTES, MAX_COMMENT] = [22, 46, 0xffff];

/** What an archive says is the checksum of a member; null where its directory does not name it. @source PKWARE APPNOTE 6.3.10, 4.3.12 and 4.3.16 */
function checksumOf(bytes: Uint8Array, wanted: string): number | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = bytes.length - END_BYTES;
  while (end > Math.max(0, bytes.length - END_BYTES - MAX_COMMENT) && view.getUint32(end, true) !== END_OF_DIRECTORY)
    end--;
  let at = view.getUint32(end + 16, true);
  for (let left = view.getUint16(end + 10, true); left > 0 && view.getUint32(at, true) === DIRECTORY_ENTRY; left--) {
    const [name = 0, extra = 0, comment = 0] = [28, 30, 32].map((field) => view.getUint16(at + field, true));
    const from = at + ENTRY_BYTES;
    if (new TextDecoder().decode(bytes.subarray(from, from + name)) === wanted) return view.getUint32(at + 16, true);
    at = from + name + extra + comment;
  }
  return null;
}
