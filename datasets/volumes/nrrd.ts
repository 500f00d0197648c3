import { dirname, join } from 'node:path';
import { readRegular } from '../../engine/files/read.js';
import { inflateBounded, requireRoom } from './inflate.js';
import { heldBytes, readValues, requireShape, type StoredType, storedBytes, type Volume } from './volume.js';

const TYPES: { readonly [name: string]: StoredType } = {
  'signed char': 'int8',
  int8: 'int8',
  int8_t: 'int8',
  uchar: 'uint8',
  'unsigned char': 'uint8',
  uint8: 'uint8',
  uint8_t: 'uint8',
  short: 'int16',
  'short int': 'int16',
  'signed short': 'int16',
  int16: 'int16',
  int16_t: 'int16',
  ushort: 'uint16',
  'unsigned short': 'uint16',
  uint16: 'uint16',
  uint16_t: 'uint16',
  int: 'int32',
  'signed int': 'int32',
  int32: 'int32',
  int32_t: 'int32',
  uint: 'uint32',
  'unsigned int': 'uint32',
  uint32: 'uint32',
  uint32_t: 'uint32',
  float: 'float32',
  double: 'float64',
};
const MAX_HEADER = 2 ** 16;

export const isNrrd = (bytes: Uint8Array): boolean => String.fromCharCode(...bytes.subarray(0, 5)) === 'NRRD0';

/**
 * Reads an NRRD, raw or gzip; values in a file of their own are taken from beside it.
 *
 * @throws Error saying what is wrong
 * @source teem.sourceforge.net/nrrd/format.html
 */
export function readNrrd(bytes: Uint8Array, file: string | null): Volume {
  const text = new TextDecoder('latin1').decode(bytes.subarray(0, MAX_HEADER));
  const end = /\r?\n\r?\n/.exec(text);
  const header = text.slice(0, end?.index ?? text.length);
  const fields = new Map<string, string>();
  for (const line of header.split(/\r?\n/).slice(1)) {
    const found = line.startsWith('#') ? null : /^([^:]+): ?(.*)$/.exec(line);
    if (found) fields.set((found[1] as string).trim().toLowerCase(), (found[2] as string).trim());
  }
  const need = (key: string): string => {
    const value = fields.get(key);
    if (value === undefined) throw new Error(`its header has no '${key}'`);
    return value;
  };
  const type = TYPES[need('type')];
  if (type === undefined)
    throw new Error(`its values are '${need('type').slice(0, 40)}', which is not read: save it as short or float`);
  const sizes = need('sizes').split(/\s+/).map(Number);
  const directions = (fields.get('space directions') ?? '').match(/none|\([^)]*\)/g) ?? [];
  const kinds = fields.get('kinds')?.split(/\s+/) ?? [];
  const spatial = sizes.map(
    (_, i) => directions[i] !== 'none' && !/vector|color|list|RGB|complex|time/i.test(kinds[i] ?? ''),
  );
  const axes =
    sizes.length > 3 && spatial.every(Boolean) ? [0, 1, 2] : sizes.flatMap((_, i) => (spatial[i] ? [i] : []));
  const others = sizes.flatMap((_, i) => (axes.includes(i) ? [] : [i]));
  if (axes.length < 2 || axes.length > 3 || others.length > 1)
    throw new Error(`${sizes.length} dimensions, of which 2 or 3 of space and one of channels are read`);
  const [other] = others;
  if (other !== undefined && other !== 0 && other !== sizes.length - 1)
    throw new Error('its channels lie between the axes of space: put them first or last');
  const shape = {
    width: sizes[axes[0] ?? 0] ?? 0,
    height: sizes[axes[1] ?? 1] ?? 0,
    depth: axes[2] === undefined ? 1 : (sizes[axes[2]] ?? 0),
    channels: other === undefined ? 1 : (sizes[other] ?? 0),
  };
  const count = requireShape(shape);
  const byteLength = count * storedBytes(type);
  const detached = fields.get('data file') ?? fields.get('datafile');
  const stored =
    detached === undefined
      ? bytes.subarray((end?.index ?? bytes.length) + (end?.[0].length ?? 0))
      : besides(detached, file, byteLength);
  const encoding = need('encoding').toLowerCase();
  if (!['raw', 'gzip', 'gz'].includes(encoding))
    throw new Error(`encoding '${encoding.slice(0, 40)}' is not read: save it raw or with gzip`);
  const skip = Number(fields.get('byte skip') ?? fields.get('byteskip') ?? 0);
  if (encoding !== 'raw') requireRoom(heldBytes(type, count));
  const unpacked = encoding === 'raw' ? stored : inflateBounded(stored, byteLength);
  const from = skip === -1 ? unpacked.length - byteLength : skip;
  const data = readValues(unpacked.subarray(Math.max(0, from)), shape, {
    type,
    little: (fields.get('endian') ?? 'little') === 'little',
    slope: 1,
    intercept: 0,
    planar: other !== 0,
  });
  return { data, ...shape, ...placeOf(fields, directions, axes) };
}

/** A file of values that lies beside its header. */
export function besides(name: string, file: string | null, byteLength: number): Uint8Array {
  if (file === null || /[\\/]|%|^LIST/.test(name))
    throw new Error(`its values are in '${name.slice(0, 80)}': put them beside it, or save it as one file`);
  const path = join(dirname(file), name);
  return readRegular(path, {
    maxBytes: byteLength + 2 ** 24,
    refuse: (problem) => new Error(`its values, ${name.slice(0, 80)}: ${problem}`),
  });
}

function placeOf(
  fields: ReadonlyMap<string, string>,
  directions: readonly string[],
  axes: readonly number[],
): Pick<Volume, 'spacing' | 'affine'> {
  const space = (fields.get('space') ?? '').toLowerCase();
  const signs = /^(left-posterior-superior|lps)/.test(space)
    ? [-1, -1, 1]
    : /^(left-anterior-superior|las)/.test(space)
      ? [-1, 1, 1]
      : /^(right-anterior-superior|ras)/.test(space)
        ? [1, 1, 1]
        : null;
  const numbers = (text: string | undefined): number[] => (text ?? '').replace(/[()]/g, '').split(',').map(Number);
  const vectors = axes.map((axis) => numbers(directions[axis]));
  if (
    signs === null ||
    axes.length !== 3 ||
    vectors.some((vector) => vector.length !== 3 || !vector.every(Number.isFinite))
  ) {
    const listed = (fields.get('spacings') ?? '').split(/\s+/).map(Number);
    const size = (i: number): number => {
      const own = vectors[i]?.length === 3 ? Math.hypot(...(vectors[i] ?? [])) : (listed[axes[i] ?? i] ?? 1);
      return own > 0 && Number.isFinite(own) ? own : 1;
    };
    return { spacing: [size(0), size(1), size(2)], affine: null };
  }
  const origin = numbers(fields.get('space origin'));
  const affine = [0, 1, 2].flatMap((row) => {
    const sign = signs[row] as number;
    const own = origin[row] ?? 0;
    return [...vectors.map((vector) => sign * (vector[row] as number)), sign * (Number.isFinite(own) ? own : 0)];
  });
  return { spacing: vectors.map((vector) => Math.hypot(...vector)) as unknown as Volume['spacing'], affine };
}
