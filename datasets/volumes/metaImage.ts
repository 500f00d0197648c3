import { inflateBounded, requireRoom } from './inflate.js';
import { besides } from './nrrd.js';
import { heldBytes, readValues, requireShape, type StoredType, storedBytes, type Volume } from './volume.js';

const TYPES: { readonly [name: string]: StoredType } = {
  MET_CHAR: 'int8',
  MET_UCHAR: 'uint8',
  MET_SHORT: 'int16',
  MET_USHORT: 'uint16',
  MET_INT: 'int32',
  MET_UINT: 'uint32',
  MET_LONG: 'int32',
  MET_ULONG: 'uint32',
  MET_LONG_LONG: 'int64',
  MET_ULONG_LONG: 'uint64',
  MET_FLOAT: 'float32',
  MET_DOUBLE: 'float64',
};
const MAX_HEADER = 2 ** 16;

export const isMetaImage = (bytes: Uint8Array): boolean =>
  /^(ObjectType|NDims|Comment|TransformType|CenterOfRotation|DimSize|BinaryData)\s*=/.test(
    new TextDecoder('latin1').decode(bytes.subarray(0, 64)),
  );

/**
 * Reads a MetaImage: .mha, or .mhd with its values beside it.
 *
 * @throws Error saying what is wrong
 * @source itk.org/Wiki/ITK/MetaIO/Documentation
 */
export function readMetaImage(bytes: Uint8Array, file: string | null): Volume {
  const text = new TextDecoder('latin1').decode(bytes.subarray(0, MAX_HEADER));
  const last = /^ElementDataFile\s*=\s*(\S+)[^\n]*(\n|$)/m.exec(text);
  if (last === null) throw new Error("its header has no 'ElementDataFile'");
  const fields = new Map<string, string>();
  for (const line of text.slice(0, last.index).split(/\r?\n/)) {
    const found = /^(\w+)\s*=\s*(.*)$/.exec(line);
    if (found) fields.set(found[1] as string, (found[2] as string).trim());
  }
  const numbers = (key: string): number[] => fields.get(key)?.split(/\s+/).map(Number) ?? [];
  const type = TYPES[fields.get('ElementType') ?? ''];
  if (type === undefined)
    throw new Error(
      `its values are '${(fields.get('ElementType') ?? '').slice(0, 40)}', which is not read: save it as MET_SHORT or MET_FLOAT`,
    );
  const sizes = numbers('DimSize');
  if (sizes.length < 2 || sizes.length > 4) throw new Error(`${sizes.length} dimensions, 2 to 4 are read`);
  const own = Number(fields.get('ElementNumberOfChannels') ?? 1);
  const [width = 0, height = 0, depth = 1, times = 1] = sizes;
  if (own > 1 && times > 1) throw new Error('channels over time are not read: save one time');
  const shape = { width, height, depth, channels: own * times };
  const count = requireShape(shape);
  const byteLength = count * storedBytes(type);
  const isTrue = (key: string): boolean => /^true$/i.test(fields.get(key) ?? '');
  const place = last[1] as string;
  const stored = place === 'LOCAL' ? bytes.subarray(last.index + last[0].length) : besides(place, file, byteLength);
  const isPacked = isTrue('CompressedData');
  if (isPacked) requireRoom(heldBytes(type, count));
  const unpacked = isPacked ? inflateBounded(stored, byteLength) : stored;
  const skip = Number(fields.get('HeaderSize') ?? 0);
  const from = skip === -1 ? unpacked.length - byteLength : skip;
  const little = !(isTrue('ElementByteOrderMSB') || isTrue('BinaryDataByteOrderMSB'));
  const values = { type, little, slope: 1, intercept: 0, planar: times > 1 };
  const data = readValues(unpacked.subarray(Math.max(0, from)), shape, values);
  const size = (i: number): number => {
    const found = numbers('ElementSpacing')[i] ?? numbers('ElementSize')[i] ?? 1;
    return Number.isFinite(found) && found > 0 ? found : 1;
  };
  const spacing = [size(0), size(1), size(2)] as const;
  const matrix = [numbers('TransformMatrix'), numbers('Rotation'), numbers('Orientation')].find(
    ({ length }) => length === 9,
  );
  const offset = [numbers('Offset'), numbers('Position'), numbers('Origin')].find(({ length }) => length === 3) ?? [
    0, 0, 0,
  ];
  if (sizes.length < 3 || matrix === undefined || !matrix.every(Number.isFinite))
    return { data, ...shape, spacing, affine: null };
  // Directions are listed axis by axis, in x to the left and y to the back.
  const affine = [0, 1, 2].flatMap((row) => {
    const sign = row < 2 ? -1 : 1;
    const columns = spacing.map((step, axis) => sign * (matrix[axis * 3 + row] as number) * step);
    return [...columns, sign * (Number.isFinite(offset[row]) ? (offset[row] as number) : 0)];
  });
  return { data, ...shape, spacing, affine };
}
