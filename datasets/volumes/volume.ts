import { mapTuple, valueAt } from '../../engine/checked.js';
import { DataError, messageOf } from '../../engine/errors.js';
import { createPixels, type PixelType } from '../pixelTypes.js';
import type { PixelData } from '../sample.js';

/** A volume as its file stores it; a single image has depth 1. */
export interface Volume {
  /** [depth, height, width, channels]: x runs fastest, then y, then z. */
  readonly data: PixelData;
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  /** Channels: times, echoes or colours of a 4-D file. */
  readonly channels: number;
  /** Millimetres between voxels along x, y and z. */
  readonly spacing: readonly [x: number, y: number, z: number];
  /** Voxel indices to millimetres, x to the right, y to the front, z to the head: [3, 4] row by row; null: not known. */
  readonly affine: readonly number[] | null;
}

/** Sizes and type of a volume before its values are read. */
export interface VolumeShape {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly channels: number;
}

/** Longest axis. */
const MAX_SIDE = 2 ** 16;
/** Most values of a volume, channels included. */
export const MAX_VALUES = 2 ** 29;

/** @throws Error where a file declares no voxels, or more than can be read */
export function requireShape({ width, height, depth, channels }: VolumeShape): number {
  const sides = [width, height, depth, channels];
  const count = sides.reduce((product, side) => product * side, 1);
  if (sides.every((side) => Number.isInteger(side) && side >= 1 && side <= MAX_SIDE) && count <= MAX_VALUES)
    return count;
  const declared = channels > 1 ? sides : sides.slice(0, 3);
  throw new Error(
    `it declares ${declared.join(' x ')} voxels; 1 to ${MAX_SIDE} a side and ${MAX_VALUES} in all are read`,
  );
}

/** Types that values are stored in, with their bytes and how one is read. */
const STORED = {
  uint8: { bytes: 1, read: (view: DataView, at: number) => view.getUint8(at) },
  int8: { bytes: 1, read: (view: DataView, at: number) => view.getInt8(at) },
  uint16: { bytes: 2, read: (view: DataView, at: number, little: boolean) => view.getUint16(at, little) },
  int16: { bytes: 2, read: (view: DataView, at: number, little: boolean) => view.getInt16(at, little) },
  uint32: { bytes: 4, read: (view: DataView, at: number, little: boolean) => view.getUint32(at, little) },
  int32: { bytes: 4, read: (view: DataView, at: number, little: boolean) => view.getInt32(at, little) },
  uint64: { bytes: 8, read: (view: DataView, at: number, little: boolean) => Number(view.getBigUint64(at, little)) },
  int64: { bytes: 8, read: (view: DataView, at: number, little: boolean) => Number(view.getBigInt64(at, little)) },
  float32: { bytes: 4, read: (view: DataView, at: number, little: boolean) => view.getFloat32(at, little) },
  float64: { bytes: 8, read: (view: DataView, at: number, little: boolean) => view.getFloat64(at, little) },
} as const;
export type StoredType = keyof typeof STORED;

export const storedBytes = (type: StoredType): number => STORED[type].bytes;

/** What values of a type are kept in. */
export function keptType(type: StoredType, isScaled = false): PixelType {
  if (isScaled) return 'float32';
  if (type === 'uint8' || type === 'uint16' || type === 'int16') return type;
  return type === 'int8' ? 'int16' : 'float32';
}

/** Bytes of unpacked values in memory at once: as stored, as they are kept, and that again while the volume is turned. */
export const heldBytes = (type: StoredType, count: number, isScaled = false): number =>
  count * (storedBytes(type) + 2 * BYTES[keptType(type, isScaled)]);

const BYTES = { uint8: 1, uint16: 2, int16: 2, float32: 4 } as const satisfies { readonly [type in PixelType]: number };

/** Zeros in what values of a type are kept in. */
export const createValues = (type: StoredType, count: number): PixelData => createPixels(keptType(type), count);

export interface Values {
  readonly type: StoredType;
  readonly little: boolean;
  /** Value = stored * slope + intercept. */
  readonly slope: number;
  readonly intercept: number;
  /** Channels come one after the other, each whole; else those of a voxel together. */
  readonly planar: boolean;
}

/** Values as they are kept, channels of a voxel together. @throws Error where bytes are missing */
export function readValues(
  bytes: Uint8Array,
  shape: VolumeShape,
  { type, little, slope, intercept, planar }: Values,
): PixelData {
  const count = requireShape(shape);
  const { bytes: width, read } = STORED[type];
  if (bytes.length < count * width) {
    throw new Error(`truncated: ${bytes.length} bytes of values, ${count * width} are declared`);
  }
  const isScaled = slope !== 1 || intercept !== 0;
  const data = createPixels(keptType(type, isScaled), count);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { channels } = shape;
  const voxels = count / channels;
  for (let i = 0; i < count; i++) {
    const value = read(view, i * width, little);
    const to = planar && channels > 1 ? (i % voxels) * channels + Math.floor(i / voxels) : i;
    data[to] = isScaled ? value * slope + intercept : value;
  }
  return data;
}

/** Where each axis of the patient lies in a volume: [axis of the file, whether it runs the other way]. */
export type Orientation = readonly [AxisOf, AxisOf, AxisOf];
interface AxisOf {
  readonly axis: 0 | 1 | 2;
  readonly isReversed: boolean;
}

/** Right, anterior and superior, by the file's axes that point most along them. @source nibabel, orientations.io_orientation */
export function orientationOf({ affine }: Pick<Volume, 'affine'>): Orientation {
  const kept: (AxisOf | undefined)[] = [undefined, undefined, undefined];
  const columns = [0, 1, 2].map((axis) => {
    const column = [0, 1, 2].map((row) => affine?.[row * 4 + axis] ?? (row === axis ? 1 : 0));
    const length = Math.hypot(...column) || 1;
    return column.map((value) => value / length);
  });
  const left = new Set<number>([0, 1, 2]);
  while (left.size > 0) {
    let best = { size: -1, axis: 0, row: 0, value: 0 };
    for (const axis of left) {
      for (let row = 0; row < 3; row++) {
        const value = columns[axis]?.[row] ?? 0;
        if (kept[row] === undefined && Math.abs(value) > best.size) best = { size: Math.abs(value), axis, row, value };
      }
    }
    left.delete(best.axis);
    kept[best.row] = { axis: best.axis as 0 | 1 | 2, isReversed: best.value < 0 };
  }
  return kept as unknown as Orientation; // every row was given an axis
}

/** The same voxels along right, anterior and superior; of a volume without a known place as they are. */
export function toRas(volume: Volume): Volume {
  const { affine } = volume;
  if (affine === null) return volume;
  const orientation = orientationOf(volume);
  const { sides } = walk(volume, orientation);
  const data = permuted(volume, orientation);
  const [width, height, depth] = sides;
  const moved = [0, 1, 2].flatMap((row) => {
    const at = (axis: number): number => valueAt(affine, row * 4 + axis);
    const columns = orientation.map(({ axis, isReversed }) => (isReversed ? -1 : 1) * at(axis));
    const offset = orientation.reduce(
      (sum, { axis, isReversed }) => sum + (isReversed ? at(axis) * (sizeOf(volume)[axis] - 1) : 0),
      at(3),
    );
    return [...columns, offset];
  });
  const spacing = mapTuple(orientation, ({ axis }) => volume.spacing[axis]);
  return { ...volume, data, width, height, depth, spacing, affine: moved };
}

const sizeOf = ({ width, height, depth }: VolumeShape): readonly [number, number, number] => [width, height, depth];

function walk(volume: VolumeShape, orientation: Orientation) {
  const sizes = sizeOf(volume);
  const steps = [1, volume.width, volume.width * volume.height] as const;
  const sides = mapTuple(orientation, ({ axis }) => sizes[axis]);
  const strides = orientation.map(({ axis, isReversed }) => (isReversed ? -1 : 1) * steps[axis]);
  const start = orientation.reduce(
    (sum, { axis, isReversed }) => sum + (isReversed ? (sizes[axis] - 1) * steps[axis] : 0),
    0,
  );
  return { sides, strides: strides as unknown as readonly [number, number, number], start };
}

function permuted(volume: Volume, orientation: Orientation): PixelData {
  const { data, channels } = volume;
  const into = data.slice() as PixelData;
  eachVoxel(volume, orientation, (from, to) => {
    for (let c = 0; c < channels; c++) into[to * channels + c] = data[from * channels + c] as number;
  });
  return into;
}

/** Pairs of a voxel's position in the file and in right, anterior, superior. */
export function eachVoxel(
  volume: VolumeShape,
  orientation: Orientation,
  visit: (stored: number, ras: number) => void,
): void {
  const { sides, strides, start } = walk(volume, orientation);
  let to = 0;
  for (let z = 0; z < sides[2]; z++) {
    for (let y = 0; y < sides[1]; y++) {
      let from = start + z * strides[2] + y * strides[1];
      for (let x = 0; x < sides[0]; x++, from += strides[0]) visit(from, to++);
    }
  }
}

/** A DataError of what `read` throws. */
export function namedVolume<T>(file: string, kind: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof DataError) throw error;
    const problem = error instanceof RangeError ? 'it ends inside its header' : messageOf(error);
    throw new DataError(file, `${kind}: ${problem}`);
  }
}
