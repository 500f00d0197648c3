import { heldBytes, readValues, requireShape, type StoredType, storedBytes, type Volume } from './volume.js';

/** Type of values by the header's code. @source nifti1.h, DT_* */
const TYPES: { readonly [code: number]: StoredType } = {
  2: 'uint8',
  4: 'int16',
  8: 'int32',
  16: 'float32',
  64: 'float64',
  256: 'int8',
  512: 'uint16',
  768: 'uint32',
  1024: 'int64',
  1280: 'uint64',
};
const RGB24 = 128;

/** Bytes that hold either header. */
export const NIFTI_HEADER = 544;

export interface NiftiHeader {
  readonly version: 1 | 2;
  readonly little: boolean;
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly channels: number;
  /** Where values begin, and their bytes. */
  readonly offset: number;
  readonly byteLength: number;
  /** Bytes of its values in memory at once. */
  readonly held: number;
  readonly code: number;
  readonly slope: number;
  readonly intercept: number;
  readonly spacing: Volume['spacing'];
  readonly affine: readonly number[];
}

/** Which version's header the bytes are, and in which order; null: none. */
function kindOf(bytes: Uint8Array): { readonly version: 1 | 2; readonly little: boolean } | null {
  if (bytes.length < 348) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const little of [true, false]) {
    const size = view.getInt32(0, little);
    if (size === 348 && bytes[344] === 0x6e && (bytes[345] === 0x2b || bytes[345] === 0x69))
      return { version: 1, little };
    if (size === 540 && bytes[4] === 0x6e) return { version: 2, little };
  }
  return null;
}

export const isNifti = (bytes: Uint8Array): boolean => kindOf(bytes) !== null;

/**
 * The header of a NIfTI-1 or NIfTI-2 file.
 *
 * @throws Error saying what is wrong
 * @source NIfTI-1 (nifti1.h), NIfTI-2 (nifti2.h); which of two affines is taken: nibabel, nifti1.get_best_affine
 */
export function niftiHeader(bytes: Uint8Array): NiftiHeader {
  const kind = kindOf(bytes);
  if (kind === null) throw new Error('it has no header of NIfTI-1 or NIfTI-2');
  const { version, little } = kind;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isOne = version === 1;
  if (isOne && bytes[345] === 0x69)
    throw new Error('its values are in a file of their own (.img): save it as one .nii');
  const int = (at: number): number => view.getInt32(at, little);
  const float = (at: number): number => (isOne ? view.getFloat32(at, little) : view.getFloat64(at, little));
  const dim = (i: number): number =>
    isOne ? view.getInt16(40 + 2 * i, little) : Number(view.getBigInt64(16 + 8 * i, little));
  const pixdim = (i: number): number => (isOne ? float(76 + 4 * i) : float(104 + 8 * i));
  const dims = dim(0);
  if (!(dims >= 1 && dims <= 7)) throw new Error(`${dims} dimensions, 1 to 7 are possible`);
  const side = (i: number): number => (i <= dims ? dim(i) : 1);
  const code = view.getInt16(isOne ? 70 : 12, little);
  const type = TYPES[code];
  if (type === undefined && code !== RGB24) {
    throw new Error(`its values are of NIfTI's type ${code}, which is not read: save it as int16 or float32`);
  }
  const times = side(4) * side(5) * side(6) * side(7);
  const channels = code === RGB24 ? 3 * times : times;
  if (code === RGB24 && times > 1) throw new Error('colours over time are not read: save one time');
  const shape = { width: side(1), height: side(2), depth: side(3), channels };
  const count = requireShape(shape);
  const offset = isOne ? float(108) : Number(view.getBigInt64(168, little));
  if (!(Number.isInteger(offset) && offset >= (isOne ? 348 : 540) && offset < 2 ** 31)) {
    throw new Error(`its values begin at byte ${offset}, which cannot be`);
  }
  const [slope, intercept] = isOne ? [float(112), float(116)] : [float(176), float(184)];
  const isScaled = Number.isFinite(slope) && slope !== 0 && Number.isFinite(intercept);
  const size = (i: number): number => (Math.abs(pixdim(i)) > 0 && Number.isFinite(pixdim(i)) ? Math.abs(pixdim(i)) : 1);
  const units = (isOne ? view.getUint8(123) : int(500)) & 7;
  const millimetres = units === 1 ? 1000 : units === 3 ? 0.001 : 1;
  const spacing = [size(1), size(2), size(3)].map((value) => value * millimetres) as unknown as Volume['spacing'];
  const sform = isOne ? view.getInt16(254, little) : int(348);
  const qform = isOne ? view.getInt16(252, little) : int(344);
  const read = (start: number, count: number) =>
    Array.from({ length: count }, (_, i) => float(start + (isOne ? 4 : 8) * i));
  const affine =
    sform > 0
      ? read(isOne ? 280 : 400, 12)
      : qform > 0
        ? quaternion(read(isOne ? 256 : 352, 6), pixdim(0) < 0 ? -1 : 1, [size(1), size(2), size(3)])
        : unplaced(shape, [size(1), size(2), size(3)]);
  if (!affine.every(Number.isFinite)) throw new Error('its place in the patient is no number');
  return {
    version,
    little,
    ...shape,
    offset,
    byteLength: count * (type === undefined ? 1 : storedBytes(type)),
    held: heldBytes(type ?? 'uint8', count, isScaled && (slope !== 1 || intercept !== 0)),
    code,
    slope: isScaled ? slope : 1,
    intercept: isScaled ? intercept : 0,
    spacing,
    affine: millimetres === 1 ? affine : affine.map((value) => value * millimetres),
  };
}

/** @source nifti1.h, method 2 */
function quaternion(values: readonly number[], factor: 1 | -1, size: readonly [number, number, number]): number[] {
  const [b = 0, c = 0, d = 0, x = 0, y = 0, z = 0] = values;
  const rest = 1 - (b * b + c * c + d * d);
  const a = rest > 0 ? Math.sqrt(rest) : 0;
  const [u, v, w] = [size[0], size[1], size[2] * factor];
  return [
    (a * a + b * b - c * c - d * d) * u,
    2 * (b * c - a * d) * v,
    2 * (b * d + a * c) * w,
    x,
    2 * (b * c + a * d) * u,
    (a * a + c * c - b * b - d * d) * v,
    2 * (c * d - a * b) * w,
    y,
    2 * (b * d - a * c) * u,
    2 * (c * d + a * b) * v,
    (a * a + d * d - b * b - c * c) * w,
    z,
  ];
}

/** Without a place: x to the left, centred. @source nibabel, SpatialHeader.get_base_affine of NIfTI */
function unplaced(
  { width, height, depth }: Pick<Volume, 'width' | 'height' | 'depth'>,
  [u, v, w]: readonly [number, number, number],
): number[] {
  return [-u, 0, 0, (u * (width - 1)) / 2, 0, v, 0, (-v * (height - 1)) / 2, 0, 0, w, (-w * (depth - 1)) / 2];
}

/** @throws Error saying what is wrong */
export function readNifti(bytes: Uint8Array): Volume {
  const header = niftiHeader(bytes);
  const { width, height, depth, channels, offset, code, slope, intercept, little, spacing, affine } = header;
  const isColour = code === RGB24;
  const type = TYPES[code] ?? 'uint8';
  const values = { type, little, slope: isColour ? 1 : slope, intercept: isColour ? 0 : intercept, planar: !isColour };
  const data = readValues(bytes.subarray(offset), { width, height, depth, channels }, values);
  return { data, width, height, depth, channels, spacing, affine };
}

/**
 * A NIfTI-1 file of labels in the place of another volume: its header with other values. A file without a NIfTI header of its own
 * gets one with its affine.
 *
 * @param labels   [depth * height * width] as the volume stores its voxels
 * @param template bytes that begin with a NIfTI header; null: none
 * @param maps     volumes one after the other, along the fourth axis. Defaults to 1
 */
export function writeNifti(labels: Uint8Array, volume: Volume, template: Uint8Array | null, maps = 1): Uint8Array {
  const own = template === null ? null : niftiHeader(template);
  const isTwo = own?.version === 2;
  const little = own?.little ?? true;
  const start = isTwo ? 544 : 352;
  const bytes = new Uint8Array(start + labels.length);
  const view = new DataView(bytes.buffer);
  const { width, height, depth, spacing, affine } = volume;
  if (template !== null) bytes.set(template.subarray(0, isTwo ? 540 : 348));
  else {
    view.setInt32(0, 348, true);
    bytes.set([0x6e, 0x2b, 0x31, 0], 344);
    for (const [i, size] of spacing.entries()) view.setFloat32(80 + 4 * i, size, true);
    view.setFloat32(76, 1, true);
    view.setUint8(123, 2);
    if (affine !== null) {
      view.setInt16(254, 1, true);
      for (const [i, value] of affine.entries()) view.setFloat32(280 + 4 * i, value, true);
    }
  }
  // Free text may name a patient: it is not copied.
  if (isTwo) bytes.fill(0, 240, 344);
  else {
    bytes.fill(0, 4, 40);
    bytes.fill(0, 148, 252);
    bytes.fill(0, 328, 344);
  }
  [maps === 1 ? 3 : 4, width, height, depth, maps, 1, 1, 1].forEach((side, i) => {
    if (isTwo) view.setBigInt64(16 + 8 * i, BigInt(side), little);
    else view.setInt16(40 + 2 * i, side, little);
  });
  const number = (at: number, value: number): void =>
    isTwo ? view.setFloat64(at, value, little) : view.setFloat32(at, value, little);
  view.setInt16(isTwo ? 12 : 70, 2, little);
  view.setInt16(isTwo ? 14 : 72, 8, little);
  number(isTwo ? 176 : 112, 1);
  number(isTwo ? 184 : 116, 0);
  number(isTwo ? 192 : 124, 0);
  number(isTwo ? 200 : 128, 0);
  if (isTwo) view.setBigInt64(168, BigInt(start), little);
  else view.setFloat32(108, start, little);
  bytes.set(labels, start);
  return bytes;
}
